// Finds or makes the answer shelf in a named store.

import type { Store } from '../store.ts';
import { type AnswerShelf, poolOf, type ShelfSpec } from './answer-shelf.ts';
import { RedisAnswers } from './redis-answers.ts';
import { SqliteAnswers } from './sqlite-answers.ts';

/** The shelves of each store, by pool: routes with the same limits share one. */
const shelves = new WeakMap<Store, Map<string, AnswerShelf>>();

/** Null for a kind of store that keeps no answers. */
export function answersIn(store: Store, spec: ShelfSpec): AnswerShelf | null {
  if (store.kind === 'postgres') return null;
  const ofStore = shelves.get(store) ?? new Map<string, AnswerShelf>();
  shelves.set(store, ofStore);
  const pool = poolOf(spec);
  const known = ofStore.get(pool);
  if (known !== undefined) return known;
  const made = store.kind === 'redis' ? new RedisAnswers(store, spec) : new SqliteAnswers(store, spec);
  ofStore.set(pool, made);
  return made;
}
