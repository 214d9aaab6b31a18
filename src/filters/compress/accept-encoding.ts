// Reads Accept-Encoding (RFC 9110 section 12.5.3) and chooses an encoding. Knows no headers and no compressor.

export type Encoding = 'zstd' | 'br' | 'gzip';

/** The encoding chosen for one client. */
export class Choice {
  /** Null when the body is sent as it is. */
  readonly encoding: Encoding | null;
  /** The client refuses an unencoded body, so even a short one is encoded. */
  readonly identityRefused: boolean;

  constructor(encoding: Encoding | null, identityRefused: boolean) {
    this.encoding = encoding;
    this.identityRefused = identityRefused;
  }
}

const member = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/;

/**
 * Chooses from `offered`, which is in the gateway's order of preference, the encoding that the client prefers. Malformed members of
 * `acceptEncoding` are ignored. A client that sent no such header gets the body as it is: it may not support encodings.
 */
export function chooseEncoding(acceptEncoding: string | undefined, offered: readonly Encoding[]): Choice {
  if (acceptEncoding === undefined) return new Choice(null, false);
  const weights = new Map<string, number>();
  for (const text of acceptEncoding.split(',')) {
    const match = member.exec(text);
    if (match === null) continue;
    const coding = match[1]!.toLowerCase();
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, match[2] === undefined ? 1 : Number(match[2]));
  }
  const others = weights.get('*');
  let encoding: Encoding | null = null;
  let best = 0;
  for (const candidate of offered) {
    const weight = weights.get(candidate) ?? others ?? 0;
    if (weight > best) {
      encoding = candidate;
      best = weight;
    }
  }
  const identity = weights.get('identity');
  if (identity !== undefined && identity > best) encoding = null;
  return new Choice(encoding, (identity ?? others ?? 1) === 0);
}
