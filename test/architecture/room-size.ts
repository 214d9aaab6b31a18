// How large files may be. The aim is to prevent an orchestrator that knows everything.

import type { SourceFile } from './source-files.ts';

const medianLinesMax = 120;
const ninthTenthLinesMax = 300;

/** Files that may have `ninthTenthLinesMax` lines or more, each with the reason: a parser or a generated table, read top-down. */
export const longFiles: Record<string, string> = {
  'src/base/fault.ts': 'the table of all fault codes, one entry a code',
  'src/config/config.ts': 'the shape of the whole configuration, which one reads beside the document',
  'src/telemetry/metric-families.ts': 'the table of all series, one entry a family',
  'src/net/h2/client-connection.ts': 'the state machine of an HTTP/2 connection, whose states share every field',
  'src/net/h2/client-stream.ts': 'the state machine of an HTTP/2 stream, whose states share every field',
  'src/config/documents/plain-yaml.ts': 'a reader of one grammar, read top-down; held to js-yaml by a property test',
  'src/exchange/exchange.ts': 'one class whose every field is set in one constructor, for a stable hidden class',
  'src/http/headers.ts': 'one head and every way to read and change it, over one index that they share',
  'src/net/downstream-connection.ts': 'the state machine of a client connection, whose states share every field',
  'src/http/h2/request-message.ts': 'a reader of one grammar, read top-down',
  'src/net/h2/server-connection.ts': 'the state machine of an HTTP/2 connection, whose states share every field',
  'src/net/h2/server-stream.ts': 'the state machine of an HTTP/2 stream, whose states share every field',
  'src/net/upstream-connection.ts': 'the state machine of a connection to an endpoint, whose states share every field',
};

/** Violations of the size rules, and exceptions that are no longer needed; empty when there are none. */
export function sizeErrors(files: readonly SourceFile[], exceptions: Record<string, string>): string[] {
  const sizes = files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))]!.lines;
  const errors: string[] = [];
  if (at(0.5) >= medianLinesMax)
    errors.push(`the median file has ${at(0.5)} lines, and is to have less than ${medianLinesMax}`);
  if (at(0.9) >= ninthTenthLinesMax)
    errors.push(`nine of ten files are to have less than ${ninthTenthLinesMax} lines: ${at(0.9)}`);
  for (const { path, lines } of sizes) {
    if (lines >= ninthTenthLinesMax && exceptions[path] === undefined) {
      errors.push(`${path} has ${lines} lines: split it, or give the reason in room-size.ts`);
    }
  }
  for (const [path, reason] of Object.entries(exceptions)) {
    const size = sizes.find(each => each.path === path);
    if (size === undefined || size.lines < ninthTenthLinesMax) errors.push(`${path} needs no exception any more`);
    if (reason.split(' ').length < 4) errors.push(`${path}: "${reason}" is no reason`);
  }
  return errors;
}
