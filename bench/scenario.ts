// What a scenario is: it measures peers and returns rows and a table. Each question has a file of its own in scenarios/.

import type { Ability, Peer } from './peer.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  /** Seconds of load before the first round; twice as long for peers that get faster while they run. */
  readonly warmupSeconds: number;
  readonly connections: number;
  /** How often a round that foreign processes have disturbed is run again. */
  readonly repeats: number;
}

export interface Context {
  readonly peers: readonly Peer[];
  readonly options: Options;
  readonly backendPort: number;
  readonly uploadPort: number;
  /** A new empty folder for one running peer. */
  folder(): string;
  /** Reports progress to the person who waits. */
  say(text: string): void;
}

/** A table of the report, whose cells are formatted text. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** One measurement with its raw figures, for results.json. */
export type Row = Readonly<Record<string, string | number>>;

export interface Result {
  readonly table: Table;
  readonly rows: readonly Row[];
  /** Peers that failed, each with the reason. They are missing in the table, and the bench exits with 1. */
  readonly failures: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Peers without this ability are left out. */
  readonly needs?: Ability;
  /** True when the cost of an access log is part of the question. */
  readonly logVariants?: boolean;
  run(context: Context): Promise<Result>;
}
