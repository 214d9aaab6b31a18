// What an extended CONNECT (RFC 8441) needs where the other side speaks HTTP/1.1: the key and its proof (RFC 6455 section 4.2.2),
// which HTTP/2 has no use for. Speaks no WebSocket.

import { createHash, randomBytes } from 'node:crypto';
import type { Headers } from '../../http/headers.ts';

const PROOF_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function newWebSocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** Whether the head of the answer proves that the upstream understood this key. */
export function acceptsKey(headers: Headers, key: string): boolean {
  return headers.get('sec-websocket-accept') === proofOf(key);
}

/** The Sec-WebSocket-Accept value of a server that accepts this key. */
export function proofOf(key: string): string {
  return createHash('sha1').update(`${key}${PROOF_SUFFIX}`).digest('base64');
}

/** Removes the fields that concern only the protocol switch of the upstream's connection. */
export function takeSwitchFields(headers: Headers): void {
  headers.remove('sec-websocket-accept');
  headers.remove('connection');
  headers.remove('upgrade');
}
