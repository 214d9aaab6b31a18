// Asks the store of deferred responses: synchronously if possible, so that a store in memory costs no promise.

import type { SoonerOrLater } from '../../store/answers/answer-shelf.ts';

/** Calls `then` with the result or `failed` with the error; neither may throw. Null when that happened at once, else a promise of it. */
export function askShelf<Value>(
  question: () => SoonerOrLater<Value>,
  then: (value: Value) => void,
  failed: (error: unknown) => void,
): Promise<void> | null {
  let asked: SoonerOrLater<Value>;
  try {
    asked = question();
  } catch (error) {
    failed(error);
    return null;
  }
  if (asked instanceof Promise) return asked.then(then, failed);
  then(asked);
  return null;
}
