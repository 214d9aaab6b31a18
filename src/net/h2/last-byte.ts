// The last byte of a body whose length was said, kept back until the stream's end shows that it was the last: HTTP/1.1 behind us counts,
// and must not see a whole message in one that goes on or breaks off (RFC 9113 section 8.1.1). For both roles.

/** No byte is kept back. */
export const NO_BYTE = -1;

/** Carries it. */
const oneByte = Buffer.alloc(1);

/** A byte as a piece of a body, valid until the next one. */
export function pieceOf(byte: number): Buffer {
  oneByte[0] = byte;
  return oneByte;
}
