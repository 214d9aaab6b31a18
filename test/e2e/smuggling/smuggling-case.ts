// The type of a case in the smuggling corpus, and short ways to write one. The cases are in cases/, one file per theme.

/** Bytes for the gateway and the outcomes that are allowed. `{id}` stands for a token unique to the case. */
export interface SmugglingCase {
  readonly name: string;
  /** Latin-1 text, one character per byte. */
  readonly request: string;
  /** Bytes that are sent later, in a write of their own. */
  readonly later?: string;
  /** Statuses that the first final response may have. */
  readonly status: readonly number[];
  /** Number of complete requests that the backend receives; at most this many when `status` also allows a refusal. */
  readonly forwarded: number;
  /** Path of the first request as the backend resolves it. */
  readonly path?: string;
  /** Lower-case names of headers that the backend must not see. */
  readonly absent?: readonly string[];
  /** Headers that the backend must see exactly once, with this value. */
  readonly present?: readonly (readonly [string, string])[];
  /** Number of responses to wait for; 1 when left out. */
  readonly answers?: number;
}

/** A whole request that a case hides where no parser should find it. */
export const hidden = 'GET /smuggled/{id} HTTP/1.1\r\nHost: gateway.test\r\n\r\n';

/** A head with Host; `lines` are without line ends. */
export function head(start: string, ...lines: readonly string[]): string {
  return [start, 'Host: gateway.test', ...lines, '', ''].join('\r\n');
}

export function post(lines: readonly string[], body: string): string {
  return head('POST /public/{id} HTTP/1.1', ...lines) + body;
}

/** A case that the gateway itself refuses: nothing of it reaches a backend. */
export function refused(name: string, request: string, status: number | readonly number[] = 400): SmugglingCase {
  return { name, request, status: typeof status === 'number' ? [status] : status, forwarded: 0 };
}

/** A case that is passed on as one request. */
export function passed(name: string, request: string, more: Partial<SmugglingCase> = {}): SmugglingCase {
  return { name, request, status: [200], forwarded: 1, path: '/public/{id}', ...more };
}
