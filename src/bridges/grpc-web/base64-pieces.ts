// Base64 that comes and goes in pieces. In gRPC-Web's text form each piece that a sender flushed may end in padding of its own.

const empty = Buffer.alloc(0);

export class Base64Decoder {
  /** Fewer than four letters that wait for the rest of their group. */
  private rest = '';

  /** The bytes of all whole groups so far. Throws a TypeError for what is not base64. */
  push(piece: Buffer): Buffer {
    const text = this.rest + piece.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.rest = text.slice(whole);
    if (whole === 0) return empty;
    const decoded: Buffer[] = [];
    // Because: Buffer.from stops at padding, and there may be some in the middle.
    for (const group of text.slice(0, whole).match(/[^=]+=*/g) ?? []) {
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(group) || group.length % 4 !== 0) throw new TypeError('not base64');
      decoded.push(Buffer.from(group, 'base64'));
    }
    // Because: one small body at a time, decoded as it comes.
    return Buffer.concat(decoded);
  }

  /** Throws a TypeError when a group is not complete. */
  end(): void {
    if (this.rest !== '') throw new TypeError('base64 ends in the middle of a group');
  }
}

/** A piece as text, padded by itself, so that the receiver can read it at once. */
export function base64Piece(piece: Buffer): Buffer {
  return Buffer.from(piece.toString('base64'), 'latin1');
}
