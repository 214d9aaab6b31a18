// A response as bytes in a table and back: the length of its head, the head as JSON, the body. For responses that are given out later.

import { trimOptionalWhitespace } from '../http/optional-whitespace.ts';

/** Head of a packed response. The code that packs it may add members of its own. */
export interface PackedHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const HEAD_LENGTH_BYTES = 4;

/** Packs a response into one Buffer with memory of its own. */
export function packAnswer(head: PackedHead, body: readonly Buffer[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(HEAD_LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  // Because: the packed response is kept in one piece, and its size is bounded.
  return Buffer.concat([length, text, ...body]);
}

/** `Head` must be the type of the head that was given to `packAnswer`. The body shares the memory of `bytes`. */
export function unpackAnswer<Head extends PackedHead>(bytes: Buffer): { readonly head: Head; readonly body: Buffer } {
  const bodyAt = HEAD_LENGTH_BYTES + bytes.readUInt32LE(0);
  // Because: only `packAnswer` writes what is read here, and giving kept answers is not the hot path.
  const head = JSON.parse(bytes.toString('utf8', HEAD_LENGTH_BYTES, bodyAt)) as Head;
  return { head, body: bytes.subarray(bodyAt) };
}

/** The fields of a head, given as lines that end in CRLF, as pairs; without those whose names, in lower case, are in `left`. */
export function fieldPairs(lines: string, left: ReadonlySet<string>): (readonly [string, string])[] {
  return lines
    .split('\r\n')
    .slice(0, -1)
    .map((line): readonly [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), trimOptionalWhitespace(line.slice(colon + 1))];
    })
    .filter(([name]) => !left.has(name.toLowerCase()));
}
