// The options of `npm run bench`. Parses them, runs nothing.

import { parseArgs } from 'node:util';
import type { Options } from './scenario.ts';

export interface Wanted {
  /** Names of scenarios; empty for all. `peers` likewise. */
  readonly scenarios: readonly string[];
  readonly peers: readonly string[];
  /** Whether results.md and results.json are written. By default only when all scenarios and peers run with the default settings. */
  readonly write: boolean;
  readonly options: Options;
}

export const usage = `npm run bench -- [options]
  --scenario A,B   only these (--list names them)
  --peers A,B      only these
  --quick          fewer peers, fewer and shorter rounds: seven minutes or more for everything, otherwise about 75
  --rounds N       rounds a peer (7; quick 3)
  --seconds N      seconds a round (5; quick 1)
  --warmup N       seconds before the first round, twice that for peers with a JIT (3; quick 1)
  --connections N  of the load (64)
  --repeats N      times that a round is run again when others disturbed it (1)
  --write          write bench/results.md and results.json also for a part; with --scenario its sections replace the old ones
  --list           names of scenarios and peers
`;

/** Options that make a run a trial: its figures are not those of the project. */
const restricting = ['scenario', 'peers', 'rounds', 'seconds', 'warmup', 'connections'] as const;

const quickPeers = ['nginx', 'haproxy', 'cardea'];

/** Throws an Error with one line for the operator when an option is wrong. */
export function readCommandLine(args: readonly string[]): Wanted | 'list' | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      peers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      connections: { type: 'string' },
      repeats: { type: 'string' },
      write: { type: 'boolean' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  const { quick } = values;
  return {
    scenarios: names(values.scenario),
    peers: values.peers === undefined && quick ? quickPeers : names(values.peers),
    write: values.write ?? (!quick && restricting.every(name => values[name] === undefined)),
    options: {
      rounds: positive('rounds', values.rounds, quick ? 3 : 7),
      seconds: positive('seconds', values.seconds, quick ? 1 : 5),
      warmupSeconds: positive('warmup', values.warmup, quick ? 1 : 3),
      connections: positive('connections', values.connections, 64),
      repeats: values.repeats === '0' ? 0 : positive('repeats', values.repeats, 1),
    },
  };
}

function names(text: string | undefined): string[] {
  return (text ?? '').split(',').filter(Boolean);
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1, not ${text}`);
  return number;
}
