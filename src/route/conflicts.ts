// Notices routes that can never win because earlier ones take all they could match. Works while routes are added, by keys,
// so that ten thousand routes cost ten thousand look-ups. Finds equal places only: no reasoning about regexes or values.

import type { Candidate } from './candidate.ts';
import type { MethodSet } from './method-set.ts';

/** Who came first for each method, among routes of one place with the same conditions. */
class Claim {
  /** The first route that serves every method; null when there is none. */
  any: number | null = null;
  readonly byMethod = new Map<string, number>();

  /**
   * The earlier route that takes what this one would, when all of it is taken. A route that names methods comes before one
   * that does not (it has more conditions), so neither hides the other completely.
   */
  takenBy(methods: MethodSet): number | null {
    if (methods.any) return this.any;
    let owner: number | null = null;
    for (const name of methods.names) {
      const first = this.byMethod.get(name);
      if (first === undefined) return null;
      owner ??= first;
    }
    return owner;
  }

  add(methods: MethodSet, order: number): void {
    if (methods.any) this.any ??= order;
    else for (const name of methods.names) if (!this.byMethod.has(name)) this.byMethod.set(name, order);
  }
}

/** Routes at one place: one host pattern and one path up to the names of its parameters. Added in the order written. */
export class Claims {
  /** Most places have one route; nothing is built for it until there is a second. */
  private first: { readonly methods: MethodSet; readonly order: number; readonly key: string } | null = null;
  private byKey: Map<string, Claim> | null = null;

  /** Adds a route; the order of the earlier one that takes all it would match here, or null. */
  add(candidate: Candidate<unknown>): number | null {
    const { methods, order, conditionsKey: key } = candidate;
    if (this.byKey === null) {
      if (this.first === null) {
        this.first = { methods, order, key };
        return null;
      }
      this.byKey = new Map();
      this.claim(this.first.key).add(this.first.methods, this.first.order);
    }
    const claim = this.claim(key);
    const taken = claim.takenBy(methods);
    if (taken === null) claim.add(methods, order);
    return taken;
  }

  private claim(key: string): Claim {
    const byKey = (this.byKey ??= new Map<string, Claim>());
    let claim = byKey.get(key);
    if (claim === undefined) {
      claim = new Claim();
      byKey.set(key, claim);
    }
    return claim;
  }
}
