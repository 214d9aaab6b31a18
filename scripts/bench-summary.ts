// Generates the table in README.md that shows what a request costs, from bench/results.md. Computes no figures itself.

/** Markers in README.md around the generated part. */
const begin = /<!-- bench: .*? -->\n/;
const end = '<!-- /bench -->';

const notMeasured = 'Not measured yet for this version.\n';

/**
 * Returns the text of README.md with the part between its markers regenerated.
 * Throws when a marker is missing. `results` is the text of bench/results.md; undefined when no bench was run.
 */
export function withBenchSummary(readme: string, results: string | undefined): string {
  const start = begin.exec(readme);
  const stop = readme.indexOf(end);
  if (start === null || stop === -1) throw new Error('README.md has lost its bench markers');
  const body = results === undefined ? notMeasured : summaryOf(results);
  return `${readme.slice(0, start.index + start[0].length)}${body}${readme.slice(stop)}`;
}

/** The part between `<!-- summary -->` and `<!-- /summary -->` in the results; without these markers, the first table. */
function summaryOf(results: string): string {
  const marked = /<!-- summary -->\n([\s\S]*?)<!-- \/summary -->/.exec(results)?.[1];
  const table = marked ?? /^\|.*\n\|[ :|-]+\|\n(?:\|.*\n)+/m.exec(results)?.[0];
  if (table === undefined) throw new Error('bench/results.md has no table');
  return `${table.trim()}\n\nFrom \`bench/results.md\` of the repository, with versions, machine, date and spread.\n`;
}
