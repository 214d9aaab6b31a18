// Compares header fields as another parser read them with ours, which lack those of one hop by design.

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

/** Null when `ours` is exactly `theirs` without the fields of one hop, names, values and order; else what is wrong. */
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
    // llhttp keeps white space behind a value; it is not part of it (RFC 9110 section 5.5).
    if (ourValue !== value.replace(/[ \t]+$/, '')) {
      return `${name}: ${JSON.stringify(value)} against ${JSON.stringify(ourValue)}`;
    }
  }
  return null;
}
