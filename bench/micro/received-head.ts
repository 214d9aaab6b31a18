// The head of a request as an exchange gets it, and the client who sent it, for the measurements of filters.

import { parseRequestHead, takeRequestHead } from '../../src/http/h1/request-head.ts';
import type { RequestHead } from '../../src/http/request-head.ts';

const limits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

export const client = { ip: '10.1.2.3', port: 1, socketIp: '10.1.2.3', trusted: false, scheme: 'http', logPart: '' };

/** Parses a whole head, as is done for every request. */
export function headOf(received: Buffer): RequestHead {
  parseRequestHead(received, 0, received.length, limits);
  return takeRequestHead();
}
