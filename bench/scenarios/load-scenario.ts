// How most scenarios are made: every peer under the same load, in turn, in one setup or several.

import type { WrkRequest } from '../load/wrk.ts';
import { type Contestant, runContest } from '../measure/contest.ts';
import { contestTable, medianRatio, roundRatio } from '../measure/contest-table.ts';
import type { Setup } from '../peer.ts';
import type { Context, Result, Scenario } from '../scenario.ts';

export interface Variant {
  /** Put behind the peer's name; empty for the only variant. */
  readonly name: string;
  readonly setup?: Partial<Setup>;
  readonly request: WrkRequest;
  readonly answer: Contestant['answer'];
}

export interface LoadScenario {
  readonly name: string;
  readonly title: string;
  readonly needs?: Scenario['needs'];
  readonly logVariants?: boolean;
  /** The first is the plain one: the others are compared with it, too. */
  readonly variants: readonly Variant[];
  /**
   * For a difference that is smaller than the noise: many short rounds, each of a variant held against the rounds of the first one before and
   * after it. What `--rounds` says counts when it is more.
   */
  readonly shortRounds?: number;
}

/** A scenario that loads peers with wrk. Each is compared with nginx in the same variant, and with itself in the first. */
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
        against: [labelOf('nginx', variant), ...(variants.length > 1 ? [labelOf(peer.name, first)] : [])],
      }));
      const titles = ['of nginx (95 %)', ...(variants.length > 1 ? [`of own ${first.name}`] : [])];
      const table = contestTable(samples, titles, comparisons, shortRounds === undefined ? medianRatio : roundRatio);
      return { table, rows, failures };
    },
  };
}

function paced(context: Context, shortRounds: number | undefined): Context {
  if (shortRounds === undefined) return context;
  const rounds = Math.max(shortRounds, context.options.rounds);
  return { ...context, options: { ...context.options, rounds, seconds: 1 } };
}

function labelOf(peer: string, variant: Variant): string {
  return variant.name === '' ? peer : `${peer} ${variant.name}`;
}
