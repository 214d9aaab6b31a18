// Reads Accept (RFC 9110 section 12.5.1): whether a client wants a page for people rather than JSON. Knows no headers.

const member = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;(.*))?$/;
const weight = /(?:^|;)[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:;|$)/i;

/** Ranges that include a type, the most exact first: the first one that the client names has the weight. */
const html = ['text/html', 'text/*', '*/*'] as const;
const json = ['application/json', 'application/*', '*/*'] as const;
const problem = ['application/problem+json', 'application/*', '*/*'] as const;

/**
 * Whether `accept`, all values of the field in one list, names HTML before both JSON and problem details. Browsers do; a client that takes
 * anything, or says nothing, does not. Malformed members are ignored.
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const weights = new Map<string, number>();
  for (const text of accept.split(',')) {
    const match = member.exec(text);
    if (match === null) continue;
    const range = match[1]!.toLowerCase();
    const given = Number(weight.exec(match[2] ?? '')?.[1] ?? 1);
    // Parameters such as `level=1` make several members of one type; the client takes it as gladly as the best of them.
    weights.set(range, Math.max(given, weights.get(range) ?? 0));
  }
  return weightOf(weights, html) > Math.max(weightOf(weights, json), weightOf(weights, problem));
}

function weightOf(weights: ReadonlyMap<string, number>, ranges: readonly string[]): number {
  const named = ranges.find(range => weights.has(range));
  return named === undefined ? 0 : weights.get(named)!;
}
