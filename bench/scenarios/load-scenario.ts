// How most scenarios are made: every peer under the same load, in turn, in one or several setups.

import type { LoadRequest } from '../load/load.ts';
import { type Contestant, runContest } from '../measure/contest.ts';
import { contestTable, medianRatio, roundRatio } from '../measure/contest-table.ts';
import type { Setup } from '../peer.ts';
import type { Context, Result, Scenario } from '../scenario.ts';

export interface Variant {
  /** Added to the peer's name; empty for a single variant. */
  readonly name: string;
  readonly setup?: Partial<Setup>;
  readonly request: LoadRequest;
  readonly answer: Contestant['answer'];
}

export interface LoadScenario {
  readonly name: string;
  readonly title: string;
  readonly needs?: Scenario['needs'];
  /** Also runs the peers that differ in their log only, and divides each peer by the nginx that logs when it does. */
  readonly logVariants?: boolean;
  /** The first variant is the plain one: the others are also compared with it. */
  readonly variants: readonly Variant[];
  /**
   * For a difference that is smaller than the noise: a minimum number of rounds of one second. Each round of a variant is compared with
   * the rounds of the first variant before and after it. `--rounds` counts when it is larger.
   */
  readonly shortRounds?: number;
}

/** A scenario with load from wrk or h2load. Each peer is compared with nginx in the same variant, and with itself in the first one. */
export function loadScenario({
  name,
  title,
  needs,
  logVariants = false,
  variants,
  shortRounds,
}: LoadScenario): Scenario {
  return {
    name,
    title,
    logVariants,
    ...(needs === undefined ? {} : { needs }),
    async run(context): Promise<Result> {
      const pairs = context.peers.flatMap(peer =>
        variants.map(variant => ({ peer, variant, label: labelOf(peer.name, variant) })),
      );
      const contestants = pairs.map(({ peer, variant, label }) => ({ ...variant, peer, label }));
      const { samples, rows, failures } = await runContest(paced(context, shortRounds), contestants);
      const first = variants[0]!;
      const comparisons = pairs.map(({ peer, variant, label }) => ({
        label,
        against: [
          labelOf('nginx', variant),
          ...(logVariants ? [labelOf(peer.logs === true ? 'nginx-log' : 'nginx', variant)] : []),
          ...(variants.length > 1 ? [labelOf(peer.name, first)] : []),
        ],
      }));
      const titles = [
        'of nginx (95 %)',
        ...(logVariants ? ['of nginx that logs alike'] : []),
        ...(variants.length > 1 ? [`of own ${first.name}`] : []),
      ];
      const table = contestTable(samples, titles, comparisons, shortRounds === undefined ? medianRatio : roundRatio);
      return { table, rows, failures };
    },
  };
}

/** Short rounds, and at least so many. */
export function paced(context: Context, shortRounds: number | undefined): Context {
  if (shortRounds === undefined) return context;
  const rounds = Math.max(shortRounds, context.options.rounds);
  return { ...context, options: { ...context.options, rounds, seconds: 1 } };
}

function labelOf(peer: string, variant: Variant): string {
  return variant.name === '' ? peer : `${peer} ${variant.name}`;
}
