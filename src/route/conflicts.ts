// Detects routes that can never win because earlier routes take every request that they could match. Works by keys while routes are
// added, so that ten thousand routes cost ten thousand look-ups. Compares equal places only; does not reason about regexes or values.

import type { Candidate } from './candidate.ts';
import type { MethodSet } from './method-set.ts';

/** The first route for each method, among the routes of one place with the same conditions. */
class Claim {
  /** Order of the first route that serves every method; null when there is none. */
  any: number | null = null;
  readonly byMethod = new Map<string, number>();

  /**
   * Order of an earlier route that takes requests of a route with these methods, when earlier routes take all of them; null when not.
   * A route that names methods comes before one that does not (naming counts as a condition), so neither hides the other completely.
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

/** The routes of one place: one host pattern, and one path apart from the names of its parameters. Add them in the order written. */
export class Claims {
  /** The first route. Most places have only one, so `byKey` is not built before there is a second. */
  private first: { readonly methods: MethodSet; readonly order: number; readonly key: string } | null = null;
  private byKey: Map<string, Claim> | null = null;

  /** Adds a route. Returns the order of an earlier route if earlier routes take all requests that it could match here; null otherwise. */
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
