// What a scenario is to the bench: something that takes peers and gives rows and tables. One file an idea in scenarios/.

import type { Ability, Peer } from './peer.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  /** Before the first round, for peers that do not get faster while they run; twice that for those that do. */
  readonly warmupSeconds: number;
  readonly connections: number;
  /** How often a round is run again that foreign processes disturbed. */
  readonly repeats: number;
}

export interface Context {
  readonly peers: readonly Peer[];
  readonly options: Options;
  readonly backendPort: number;
  readonly uploadPort: number;
  /** A new empty folder for one running peer. */
  folder(): string;
  /** Progress for the person who waits. */
  say(text: string): void;
}

/** A table of the report. Cells are text already. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** What was measured, as it was: one object a measurement, goes into results.json. */
export type Row = Readonly<Record<string, string | number>>;

export interface Result {
  readonly table: Table;
  readonly rows: readonly Row[];
  /** Peers that did not do what was asked, with the reason. They are missing in the table, and the bench exits with 1. */
  readonly failures: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Peers without it are left out. */
  readonly needs?: Ability;
  /** True where the cost of an access log is part of the question. */
  readonly logVariants?: boolean;
  run(context: Context): Promise<Result>;
}
