// Reads llhttp's own test fixtures (corpora/llhttp) into bytes and verdicts. Judges nothing: the tests beside it do.
// The conventions are those of llhttp's runner (test/md-test.ts at 01e105a), restated here, not copied.

import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

/** The verdict of the strict parser: complete messages only, an error after some messages, or an end within a message. */
export type FixtureVerdict = 'accept' | 'reject' | 'incomplete';

export interface FixtureMessage {
  /** Requests only; empty in a response. */
  readonly method: string;
  readonly target: string;
  /** Responses only. */
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Fixture {
  /** Unique and stable, as listed in differences.md: `request-uri: Quotes in URI (line 4)`. */
  readonly id: string;
  readonly direction: 'request' | 'response';
  /** Recorded with a lenient flag, so that the recorded verdict does not apply to us. */
  readonly lenient: boolean;
  /** Recorded with bodies skipped by the caller, or paused at a callback: the log does not say how the message ends. */
  readonly partial: boolean;
  readonly input: Buffer;
  readonly verdict: FixtureVerdict;
  /** llhttp's message for the error; empty without an error. */
  readonly reason: string;
  /** Offset of the error in `input`; -1 without an error. */
  readonly errorAt: number;
  /** Offsets after each `HTTP/1.1` of a start line, where a line ends that a header may follow. */
  readonly startLineEnds: readonly number[];
  /** Messages that were complete before the error or the end. */
  readonly messages: readonly FixtureMessage[];
}

const folder = new URL('./corpora/llhttp/', import.meta.url);

/** Error codes with which llhttp pauses without refusing anything: at CONNECT or Upgrade, at the HTTP/2 preface, or for the caller. */
const pauses = new Set([21, 22, 23]);

/** Every fixture of the corpus, in the order of files and lines. */
export function loadFixtures(): Fixture[] {
  const files = readdirSync(folder).filter(name => /^(request|response)-.*\.md$/.test(name));
  return files.sort().flatMap(name => parseFile(name.slice(0, -3), readFileSync(new URL(name, folder), 'utf8')));
}

function parseFile(name: string, text: string): Fixture[] {
  const fixtures: Fixture[] = [];
  const lines = text.split('\n');
  let title = '';
  let titleLine = 0;
  let meta: Record<string, unknown> | null = null;
  let input: string | null = null;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const metaText = /^<!-- meta=(.*) -->$/.exec(line)?.[1];
    if (metaText !== undefined) {
      meta = JSON.parse(metaText) as Record<string, unknown>; // Because: checked by its one use below.
      continue;
    }
    const fence = /^```(http|log)$/.exec(line)?.[1];
    if (fence !== undefined) {
      const block: string[] = [];
      while (lines[++at] !== '```') block.push(lines[at]!);
      if (fence === 'http') input = block.join('\n');
      else if (meta !== null && input !== null) {
        fixtures.push(makeFixture(`${name}: ${title} (line ${titleLine})`, meta, decodeInput(input), block));
        meta = null;
        input = null;
      }
      continue;
    }
    if (/^#+ /.test(line)) {
      title = line.replace(/^#+ /, '');
      titleLine = at + 1;
    }
  }
  return fixtures;
}

/** Decodes escapes and line ends like llhttp's runner: a line break means CRLF, and a backslash before a line break joins the lines. */
function decodeInput(text: string): Buffer {
  const decoded = text
    .replace(/\\(\r\n|\r|\n)/g, '')
    .replace(/\r\n|\r|\n/g, '\r\n')
    .replace(/\\r/g, '\r')
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/\\f/g, '\f')
    .replace(/\\x([0-9a-fA-F]+)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\([0-7]{1,3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    .replace(/\$\{(.+?)\}/g, (_all, code: string) => String(runInNewContext(code)));
  return Buffer.from(decoded, 'utf8');
}

interface OpenMessage {
  method: string;
  target: string;
  status: number;
  headers: [string, string][];
  body: string;
}

function makeFixture(id: string, meta: Record<string, unknown>, input: Buffer, log: readonly string[]): Fixture {
  const type = String(meta['type']);
  const messages: FixtureMessage[] = [];
  const startLineEnds: number[] = [];
  let open: OpenMessage | null = null;
  let field = '';
  let value = '';
  let reason = '';
  let errorAt = -1;
  let code = 0;
  let headersDone = false;
  for (const line of log) {
    const span = /^off=(\d+) len=(\d+) span\[(\w+)\]=/.exec(line);
    if (span !== null && open !== null) {
      const start = Number(span[1]);
      const text = input.toString('latin1', start, start + Number(span[2]));
      if (span[3] === 'method') open.method += text;
      else if (span[3] === 'url') open.target += text;
      else if (span[3] === 'header_field') field += text;
      else if (span[3] === 'header_value') value += text;
      else if (span[3] === 'body') open.body += text;
      continue;
    }
    if (/message begin/.test(line)) {
      open = { method: '', target: '', status: 0, headers: [], body: '' };
      headersDone = false;
    } else if (/header_value complete/.test(line) && open !== null) {
      if (!headersDone) open.headers.push([field, value]);
      field = '';
      value = '';
    } else if (/^off=(\d+) version complete/.test(line)) startLineEnds.push(Number(/\d+/.exec(line)![0]));
    else if (/headers complete/.test(line) && open !== null) {
      headersDone = true;
      open.status = Number(/status=(\d+)/.exec(line)?.[1] ?? 0);
    } else if (/message complete/.test(line) && open !== null) {
      messages.push(open);
      open = null;
    }
    const error = /^off=(\d+) error code=(\d+) reason="(.*)"/.exec(line);
    if (error !== null) {
      code = Number(error[2]);
      errorAt = Number(error[1]);
      reason = error[3]!;
    }
  }
  const rejected = reason !== '' && !pauses.has(code);
  return {
    id,
    direction: type.startsWith('request') ? 'request' : 'response',
    lenient: type.includes('lenient'),
    partial: meta['skipBody'] === true || meta['pause'] !== undefined,
    input,
    verdict: rejected ? 'reject' : open === null ? 'accept' : 'incomplete',
    reason,
    errorAt,
    startLineEnds,
    messages,
  };
}
