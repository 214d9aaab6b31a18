// Status lines by number, made once. Reason phrases are the registered ones; a backend's own are not passed on.

import { STATUS_CODES } from 'node:http';

const lines: string[] = new Array<string>(600).fill('');
for (let status = 100; status < 600; status++) lines[status] = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;

/** `HTTP/1.1 200 OK\r\n` for 200. Only for 100 to 599. */
export function statusLine(status: number): string {
  return lines[status]!;
}

/** The registered reason phrase, empty for numbers without one. */
export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? '';
}
