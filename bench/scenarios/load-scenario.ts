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
  readonly variants: readonly Variant[];
  /** `peer`: each variant is compared with the same peer's first one. `nginx`: all with nginx in the same variant. */
  readonly against: 'nginx' | 'peer';
}

/** A scenario that loads peers with wrk. */
export function loadScenario({ name, title, needs, variants, against }: LoadScenario): Scenario {
  return {
    name,
    title,
    ...(needs === undefined ? {} : { needs }),
    async run(context): Promise<Result> {
      const contestants = context.peers.flatMap(peer =>
        variants.map(variant => ({ ...variant, peer, label: labelOf(peer.name, variant) })),
      );
      const { samples, rows } = await runContest(context, contestants);
      const comparisons = context.peers.flatMap(peer =>
        variants.map(variant => {
          const base = against === 'nginx' ? labelOf('nginx', variant) : labelOf(peer.name, variants[0]!);
          const label = labelOf(peer.name, variant);
          return { label, against: samples.has(base) && base !== label ? base : undefined };
        }),
      );
      return { table: contestTable(samples, comparisons), rows };
    },
  };
}

function labelOf(peer: string, variant: Variant): string {
  return variant.name === '' ? peer : `${peer} ${variant.name}`;
}
