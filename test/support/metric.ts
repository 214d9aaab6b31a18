// One value of the gateway's metrics, as a scraper sees it.

/** `series` with its labels as they stand on the page: `cardea_workers`, `x_total{route="a"}`. NaN when it is not there. */
export async function metric(gateway: { readonly adminPort: number }, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const line = text.split('\n').find(each => each.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? Number.NaN);
}
