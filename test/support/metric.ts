// Reads one value of the gateway's metrics, as a scraper sees it.

import { eventuallySeen } from './eventually.ts';

interface Scraped {
  readonly adminPort: number;
}

/** `series` is written with its labels as on the page: `cardea_workers`, `x_total{route="a"}`. NaN when it is absent. */
export async function metric(gateway: Scraped, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const line = text.split('\n').find(each => each.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? Number.NaN);
}

/** Waits until `series` has this value; throws with `what` and the actual value on timeout. */
export async function metricReaches(gateway: Scraped, series: string, value: number, what: string): Promise<void> {
  await eventuallySeen(
    () => metric(gateway, series),
    seen => seen === value,
    what,
  );
}
