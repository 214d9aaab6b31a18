// Parses HTTP/1 responses for tests, independently of the engine: malformed ones are reported, not repaired.

export interface Answer {
  readonly status: number;
  /** Values by lower-case name, in the order of arrival. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** Whether the body arrived up to the end that its head announced. */
  readonly complete: boolean;
}

/** `methods`: of the requests, needed for HEAD; `ended`: the connection was closed after these bytes. Throws on malformed bytes. */
export function readAnswers(received: Buffer, methods: readonly string[] = [], ended = false): Answer[] {
  const text = received.toString('latin1');
  const answers: Answer[] = [];
  let at = 0;
  let finals = 0;
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) break;
    const [statusLine, ...lines] = text.slice(at, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})( |$)/.exec(statusLine!)?.[1] ?? 0);
    if (status === 0) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    at = headEnd + 4;
    const bodiless = status < 200 || status === 204 || status === 304 || methods[finals] === 'HEAD';
    if (status >= 200) finals++;
    const body = bodiless ? { body: '', end: at, complete: true } : readBody(text, at, headers, ended);
    answers.push({ status, headers, body: body.body, complete: body.complete });
    at = body.end;
    if (status === 101 || !body.complete) break;
  }
  return answers;
}

function readBody(
  text: string,
  start: number,
  headers: ReadonlyMap<string, string[]>,
  ended: boolean,
): { body: string; end: number; complete: boolean } {
  if (headers.has('transfer-encoding')) return readChunks(text, start);
  const length = headers.get('content-length')?.[0];
  if (length === undefined) return { body: text.slice(start), end: text.length, complete: ended };
  const end = start + Number(length);
  return { body: text.slice(start, end), end: Math.min(end, text.length), complete: end <= text.length };
}

function readChunks(text: string, start: number): { body: string; end: number; complete: boolean } {
  let at = start;
  let body = '';
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return { body, end: text.length, complete: false };
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk size: ${JSON.stringify(text.slice(at, lineEnd))}`);
    at = lineEnd + 2;
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at + 2 : text.indexOf('\r\n\r\n', at) + 4;
      return end < at + 2 || end > text.length
        ? { body, end: text.length, complete: false }
        : { body, end, complete: true };
    }
    body += text.slice(at, at + size);
    at += size + 2;
    if (at > text.length) return { body, end: text.length, complete: false };
  }
}

/** Whether `count` final responses are complete; for `sendRaw`'s `enough`. */
export function hasAnswers(count: number, methods: readonly string[] = []): (received: Buffer) => boolean {
  return received => {
    try {
      return readAnswers(received, methods).filter(answer => answer.status >= 200 && answer.complete).length >= count;
    } catch {
      // Malformed bytes are for the test to judge.
      return true;
    }
  };
}
