// How most scenarios are made: every peer under the same load, in turn, in one setup or several.

import type { WrkRequest } from '../load/wrk.ts';
import { type Contestant, runContest } from '../measure/contest.ts';
import { contestTable } from '../measure/contest-table.ts';
import type { Setup } from '../peer.ts';
import type { Result, Scenario } from '../scenario.ts';

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
}

/** A scenario that loads peers with wrk. Each is compared with nginx in the same variant, and with itself in the first. */
export function loadScenario({ name, title, needs, logVariants = false, variants }: LoadScenario): Scenario {
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
      const { samples, rows, failures } = await runContest(context, contestants);
      const first = variants[0]!;
      const comparisons = pairs.map(({ peer, variant, label }) => ({
        label,
        against: [labelOf('nginx', variant), ...(variants.length > 1 ? [labelOf(peer.name, first)] : [])],
      }));
      const titles = ['of nginx (95 %)', ...(variants.length > 1 ? [`of own ${first.name}`] : [])];
      return { table: contestTable(samples, titles, comparisons), rows, failures };
    },
  };
}

function labelOf(peer: string, variant: Variant): string {
  return variant.name === '' ? peer : `${peer} ${variant.name}`;
}
