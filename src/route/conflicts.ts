// Detects routes that can never win because earlier routes take every request that they could match. Works by keys while routes are
// added, so that ten thousand routes cost ten thousand look-ups. Compares equal places only; does not reason about regexes or values.

import { enclosingBlocks } from '../base/cidr-set.ts';
import { ClientCondition, ListenerCondition } from './arrival-conditions.ts';
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
  private first: Candidate<unknown> | null = null;
  private byKey: Map<string, Claim> | null = null;

  /** Adds a route. Returns the order of an earlier route if earlier routes take all requests that it could match here; null otherwise. */
  add(candidate: Candidate<unknown>): number | null {
    if (this.byKey === null) {
      if (this.first === null) {
        this.first = candidate;
        return null;
      }
      this.byKey = new Map();
      this.claimAll(this.first, this.byKey);
    }
    return this.claimAll(candidate, this.byKey);
  }

  /** A route is hidden only if it is at each of its listeners, and for each block of its clients. */
  private claimAll(candidate: Candidate<unknown>, byKey: Map<string, Claim>): number | null {
    const parts = partsOf(candidate);
    if (parts === null) return claimPart(candidate.conditionsKey, noKeys, candidate, byKey);
    let owner: number | null = null;
    let isFree = false;
    for (const [key = '', ...wider] of parts) {
      const taken = claimPart(key, wider, candidate, byKey);
      if (taken === null) isFree = true;
      else owner ??= taken;
    }
    return isFree ? null : owner;
  }
}

const noKeys: readonly string[] = [];

/** As `Claims.add`, for a part of a route. `wider` has the keys of parts that take all requests of this one. */
function claimPart(
  key: string,
  wider: readonly string[],
  { methods, order }: Candidate<unknown>,
  byKey: Map<string, Claim>,
): number | null {
  let claim = byKey.get(key);
  if (claim === undefined) byKey.set(key, (claim = new Claim()));
  let taken = claim.takenBy(methods);
  for (let i = 0; i < wider.length && taken === null; i++) taken = byKey.get(wider[i]!)?.takenBy(methods) ?? null;
  if (taken === null) claim.add(methods, order);
  return taken;
}

/**
 * The parts of a route, each for one of its listeners and one block of its clients: the key of the part, and behind it the keys for the
 * blocks that enclose its own. Null for a route that names neither.
 */
function partsOf({ plain, conditions, conditionsKey }: Candidate<unknown>): readonly (readonly string[])[] | null {
  if (plain) return null;
  const atListener = conditions.find(each => each instanceof ListenerCondition);
  const ofClient = conditions.find(each => each instanceof ClientCondition);
  if (atListener === undefined && ofClient === undefined) return null;
  const listeners = atListener?.names ?? [''];
  const blocks = ofClient?.blocks.map(enclosingBlocks) ?? [['']];
  return listeners.flatMap(listener =>
    blocks.map(enclosing => enclosing.map(block => `${listener} ${block} ${conditionsKey}`)),
  );
}
