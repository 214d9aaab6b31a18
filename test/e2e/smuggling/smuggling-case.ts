// What a case of the smuggling corpus states, and short ways to write one. The cases are in cases/, one theme a file.

/** Bytes for the gateway and what may come of them. `{id}` stands for a token that is the case's own. */
export interface SmugglingCase {
  readonly name: string;
  /** Latin-1 text, one character a byte. */
  readonly request: string;
  /** Sent later in a write of its own. */
  readonly later?: string;
  /** Statuses that the first final answer may have. */
  readonly status: readonly number[];
  /** Requests that the backend sees whole: this many, at least 0 and at most this many when the status may be a refusal too. */
  readonly forwarded: number;
  /** Path of the first request as the backend resolves it. */
  readonly path?: string;
  /** Lower-case names of fields that the backend must not see. */
  readonly absent?: readonly string[];
  /** Fields that the backend must see exactly once, with this value. */
  readonly present?: readonly (readonly [string, string])[];
  /** Answers to wait for; 1 when left out. */
  readonly answers?: number;
}

/** A whole request that a case hides where it should never be found. */
export const hidden = 'GET /smuggled/{id} HTTP/1.1\r\nHost: gateway.test\r\n\r\n';

/** A head with Host; `lines` without the line ends. */
export function head(start: string, ...lines: readonly string[]): string {
  return [start, 'Host: gateway.test', ...lines, '', ''].join('\r\n');
}

export function post(lines: readonly string[], body: string): string {
  return head('POST /public/{id} HTTP/1.1', ...lines) + body;
}

/** Refused by the gateway itself: nothing of it reaches a backend. */
export function refused(name: string, request: string, status: number | readonly number[] = 400): SmugglingCase {
  return { name, request, status: typeof status === 'number' ? [status] : status, forwarded: 0 };
}

/** Passed on as one request. */
export function passed(name: string, request: string, more: Partial<SmugglingCase> = {}): SmugglingCase {
  return { name, request, status: [200], forwarded: 1, path: '/public/{id}', ...more };
}
