// Which origins may call: exact names in a set, wildcards checked one by one. Knows nothing of CORS headers.

interface Wildcard {
  /** The scheme with its separator: `https://`. */
  readonly scheme: string;
  /** `.example.com`, with the port when one is configured. */
  readonly ending: string;
}

export class OriginList {
  /** Whether every origin may call. */
  readonly any: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly wildcards: readonly Wildcard[];

  /** Takes origins as checked by the schema: `*`, exact, or `scheme://*.rest`. */
  constructor(origins: readonly string[]) {
    this.any = origins.includes('*');
    this.exact = new Set(origins.filter(origin => !origin.includes('*')));
    this.wildcards = origins
      .filter(origin => origin.includes('://*.'))
      .map(origin => {
        const starAt = origin.indexOf('*');
        return { scheme: origin.slice(0, starAt), ending: origin.slice(starAt + 1) };
      });
  }

  /** Whether pages of this origin, the value of an Origin field, may call. */
  has(origin: string): boolean {
    if (this.any || this.exact.has(origin)) return true;
    const { wildcards } = this;
    for (let i = 0; i < wildcards.length; i++) {
      const { scheme, ending } = wildcards[i]!;
      if (!origin.startsWith(scheme) || !origin.endsWith(ending)) continue;
      // Because: only host labels may stand for the star, or `https://evil.com/.example.com` would match.
      if (labels.test(origin.slice(scheme.length, origin.length - ending.length))) return true;
    }
    return false;
  }
}

const labels = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
