// For scenarios without a contest between peers: each peer is measured alone, several times, and one that fails is left out.

import { shortMessage } from '../measure/short-message.ts';
import { median, medianDeviation } from '../measure/statistics.ts';
import type { Peer } from '../peer.ts';
import type { Context, Result, Row } from '../scenario.ts';

/** One measurement of a peer: its numbers by the `figure` of the table's columns. */
export type Figures = Readonly<Record<string, number>>;

export interface EachPeer {
  /** One row each; `name` is added to the peer's name. `measure` starts a new proxy and stops it. */
  readonly variants: readonly {
    readonly name: string;
    readonly measure: (context: Context, peer: Peer) => Promise<Figures>;
  }[];
  /** The columns in their order, with the name of the figure and its number of decimals. */
  readonly columns: readonly { readonly figure: string; readonly title: string; readonly decimals: number }[];
  readonly rounds: number;
  readonly notes: readonly string[];
}

/** Runs all peers and variants in turn, A B C A B C. Cells are medians ± median absolute deviation. */
export async function measureEachPeer(context: Context, each: EachPeer): Promise<Result> {
  const lines = context.peers.flatMap(peer =>
    each.variants.map(({ name, measure }) => ({
      label: name === '' ? peer.name : `${peer.name} ${name}`,
      run: () => measure(context, peer),
      figures: [] as Figures[],
      broken: false,
    })),
  );
  const failures: string[] = [];
  for (let round = 0; round < each.rounds; round++) {
    for (const line of lines) {
      if (line.broken) continue;
      try {
        const figures = await line.run();
        line.figures.push(figures);
        const text = each.columns.map(
          ({ figure, title, decimals }) => `${figures[figure]!.toFixed(decimals)} ${title}`,
        );
        context.say(`${line.label}: round ${round + 1}: ${text.join(', ')}`);
      } catch (error) {
        line.broken = true;
        failures.push(`${line.label}: ${shortMessage(error)}`);
        context.say(failures.at(-1)!);
      }
    }
  }
  const whole = lines.filter(({ broken }) => !broken);
  const rows = whole.flatMap(({ label, figures }) =>
    figures.map((one, round): Row => ({ contestant: label, round, ...one })),
  );
  const cells = whole.map(({ label, figures }) => [
    label,
    ...each.columns.map(({ figure, decimals }) => {
      const values = figures.map(one => one[figure]!);
      return `${median(values).toFixed(decimals)} ± ${medianDeviation(values).toFixed(decimals)}`;
    }),
  ]);
  const columns = ['proxy', ...each.columns.map(({ title }) => title)];
  return { table: { columns, rows: cells, notes: each.notes }, rows, failures };
}
