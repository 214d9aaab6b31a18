// Names of header fields that no client may send, found however they are spelled. Knows no head; `Headers.removeNamed` uses it.

/** Letters as a careless backend reads them: upper case as lower case, every sign as a hyphen; `:` and NUL stay. */
const folded = new Uint8Array(256).map((_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  const plain = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x3a || byte === 0;
  return plain ? byte : 0x2d;
});

/**
 * Whole names, and beginnings of names. A name is in the set in any case and with any sign for a hyphen: CGI and WSGI turn
 * `X_Consumer_Name`, some servers `X.Consumer.Name` as well, into the same variable as `X-Consumer-Name`.
 */
export class HeaderNameSet {
  /** By first letter: folded names with a colon at the end, beginnings without one. */
  private readonly byFirst: readonly (readonly string[])[];

  constructor(names: Iterable<string>, prefixes: Iterable<string>) {
    const patterns = new Set([...[...names].map(name => `${fold(name)}:`), ...[...prefixes].map(fold)]);
    this.byFirst = Array.from({ length: 256 }, (_, first) =>
      [...patterns].filter(pattern => pattern.charCodeAt(0) === first),
    );
  }

  /** Whether a name of the set stands at `start` of a head, ended by a colon. Allocates nothing. */
  standsAt(text: string, start: number): boolean {
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
    return this.standsAt(`${name}:`, 0);
  }
}

function fold(name: string): string {
  return name.replace(/[^a-z0-9]/gi, '-').toLowerCase();
}
