// Base64 that arrives and leaves in pieces. In gRPC-Web's text form, each piece that a sender flushes may end in its own padding.

const empty = Buffer.alloc(0);

export class Base64Decoder {
  /** Fewer than four characters, which wait for the rest of their group. */
  private rest = '';

  /** Decodes the groups that are complete so far. Throws a TypeError for anything that is not base64. */
  push(piece: Buffer): Buffer {
    const text = this.rest + piece.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.rest = text.slice(whole);
    if (whole === 0) return empty;
    const decoded: Buffer[] = [];
    // Because: Buffer.from stops at the first padding, and padding may occur in the middle.
    for (const group of text.slice(0, whole).match(/[^=]+=*|=+/g) ?? []) {
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(group) || group.length % 4 !== 0) throw new TypeError('not base64');
      decoded.push(Buffer.from(group, 'base64'));
    }
    // Because: it joins the groups of one small piece, decoded as it arrives.
    return Buffer.concat(decoded);
  }

  /** Throws a TypeError when a group is not complete. */
  end(): void {
    if (this.rest !== '') throw new TypeError('base64 ends in the middle of a group');
  }
}

/** Encodes a piece as text with its own padding, so that the receiver can decode it at once. */
export function base64Piece(piece: Buffer): Buffer {
  return Buffer.from(piece.toString('base64'), 'latin1');
}
