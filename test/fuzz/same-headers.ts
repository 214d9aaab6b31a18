// Compares header fields as another parser read them with ours, which lack hop-by-hop fields by design.

const singleHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'transfer-encoding',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
]);

/** Null when `ours` equals `theirs` without hop-by-hop fields, in names, values and order; otherwise the difference. */
export function sameHeaders(
  theirs: readonly (readonly [string, string])[],
  ours: readonly (readonly [string, string])[],
): string | null {
  const named = new Set(singleHop);
  for (const [name, value] of theirs) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const option of value.split(',')) named.add(option.trim().toLowerCase());
  }
  const expected = theirs.filter(([name]) => !named.has(name.toLowerCase()));
  if (expected.length !== ours.length) return `${expected.length} fields against ${ours.length}`;
  for (const [at, [name, value]] of expected.entries()) {
    const [ourName, ourValue] = ours[at]!;
    if (ourName !== name) return `field ${at}: ${JSON.stringify(name)} against ${JSON.stringify(ourName)}`;
    // llhttp keeps white space after a value; it is not part of the value (RFC 9110 section 5.5).
    if (ourValue !== value.replace(/[ \t]+$/, '')) {
      return `${name}: ${JSON.stringify(value)} against ${JSON.stringify(ourValue)}`;
    }
  }
  return null;
}
