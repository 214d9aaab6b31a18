// A set of header names that must not pass (from a client, or in trailers), matched in every spelling that a backend may treat alike.
// Knows no head; `Headers.removeNamed` and `Headers.takeAdded` use it.

/** Maps each byte to what a lenient backend reads: upper case to lower case, every sign but `:` and NUL to a hyphen. */
const folded = new Uint8Array(256).map((_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  const plain = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x3a || byte === 0;
  return plain ? byte : 0x2d;
});

/**
 * Holds whole names and prefixes of names. A name matches in any case and with any sign in place of a hyphen: CGI and WSGI map
 * `X_Consumer_Name` to the same variable as `X-Consumer-Name`, and some servers map `X.Consumer.Name` to it as well.
 */
export class HeaderNameSet {
  /** By the code of the first character: folded whole names, each with a colon at the end, and folded prefixes without a colon. */
  private readonly byFirst: readonly (readonly string[])[];

  constructor(names: Iterable<string>, prefixes: Iterable<string>) {
    const patterns = new Set([...[...names].map(name => `${fold(name)}:`), ...[...prefixes].map(fold)]);
    this.byFirst = Array.from({ length: 256 }, (_, first) =>
      [...patterns].filter(pattern => pattern.charCodeAt(0) === first),
    );
  }

  /** Whether the header name that begins at `start` of `text`, the text of a head, is in the set. Allocates nothing. */
  matchesAt(text: string, start: number): boolean {
    const candidates = this.byFirst[folded[text.charCodeAt(start)]!]!;
    for (let c = 0; c < candidates.length; c++) {
      const pattern = candidates[c]!;
      let i = 1;
      while (i < pattern.length && folded[text.charCodeAt(start + i) & 0xff] === pattern.charCodeAt(i)) i++;
      if (i === pattern.length) return true;
    }
    return false;
  }

  has(name: string): boolean {
    return this.matchesAt(`${name}:`, 0);
  }
}

function fold(name: string): string {
  return name.replace(/[^a-z0-9]/gi, '-').toLowerCase();
}
