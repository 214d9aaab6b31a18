// The last byte of a body with a Content-Length, held back until the stream ends there: an HTTP/1.1 peer to which the body is passed on
// counts bytes, and must not take a message for complete that goes on or breaks off (RFC 9113 section 8.1.1). For both roles.

/** Stands for a byte where none is held back. */
export const NO_BYTE = -1;

/** The buffer that `pieceOf` returns each time. */
const oneByte = Buffer.alloc(1);

/** A byte as a piece of a body, valid until the next call. */
export function pieceOf(byte: number): Buffer {
  oneByte[0] = byte;
  return oneByte;
}
