// Sets of request methods: a bit mask for the common ones, a list for the others. Case matters (RFC 9110 section 9.1).

const bits = new Map<string, number>(
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'].map((name, i) => [name, 1 << i]),
);

/** The bit of a common method, 0 for any other. */
export function methodBitOf(method: string): number {
  return bits.get(method) ?? 0;
}

/** The methods that a route serves. A route that lists GET serves HEAD as well. */
export class MethodSet {
  /** Sorted; empty when every method is served. */
  readonly names: readonly string[];
  readonly any: boolean;
  private readonly mask: number;
  private readonly others: readonly string[];

  constructor(methods: readonly string[]) {
    this.any = methods.length === 0;
    const names = new Set(methods);
    if (names.has('GET')) names.add('HEAD');
    this.names = [...names].sort();
    this.mask = this.any ? -1 : this.names.reduce((mask, name) => mask | methodBitOf(name), 0);
    this.others = this.names.filter(name => methodBitOf(name) === 0);
  }

  /** Whether `method` is served. `bit` must be `methodBitOf(method)`. */
  has(method: string, bit: number): boolean {
    return this.any || (this.mask & bit) !== 0 || (bit === 0 && this.others.includes(method));
  }
}
