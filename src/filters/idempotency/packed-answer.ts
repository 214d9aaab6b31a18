// An answer as bytes in the table and back: the length of its head, the head as JSON, the body.

import type { Reply } from '../../exchange/response.ts';

interface Head {
  readonly status: number;
  readonly headers: readonly [string, string][];
}

export function packAnswer(status: number, headers: readonly [string, string][], body: readonly Buffer[]): Buffer {
  const head = Buffer.from(JSON.stringify({ status, headers } satisfies Head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...body]);
}

export function unpackAnswer(bytes: Buffer): Reply {
  const headEnd = 4 + bytes.readUInt32LE(0);
  // Because: only `packAnswer` writes what is read here.
  const { status, headers } = JSON.parse(bytes.toString('utf8', 4, headEnd)) as Head;
  return { status, headers: [...headers, ['Idempotency-Replayed', 'true']], body: bytes.subarray(headEnd) };
}
