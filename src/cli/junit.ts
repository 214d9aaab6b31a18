// JUnit XML, as CI systems read it, with a single suite.

export interface JunitCase {
  readonly name: string;
  readonly group: string;
  /** Empty when the case passed. */
  readonly failure: string;
  /** Why the result is unknown; empty when it is known. */
  readonly skipped: string;
}

export function junitText(suite: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== '').length;
  const skips = cases.filter(({ skipped }) => skipped !== '').length;
  const lines = cases.map(({ name, group, failure, skipped }) => {
    const opening = `  <testcase classname="${escaped(group)}" name="${escaped(name)}"`;
    if (failure !== '') return `${opening}><failure message="${escaped(failure)}"/></testcase>`;
    return skipped === '' ? `${opening}/>` : `${opening}><skipped message="${escaped(skipped)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(suite)}" tests="${cases.length}" failures="${failures}" skipped="${skips}">`,
    ...lines,
    '</testsuite>',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  // Because: XML 1.0 cannot express other control characters.
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '?').replace(/[&<>"]/g, letter => entities[letter]!);
}
