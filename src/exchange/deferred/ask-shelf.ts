// Asks the store of deferred responses: synchronously if possible, so that memory costs no promise.

import type { SoonerOrLater } from '../../store/answers/answer-shelf.ts';

/** Null when the result came at once. Neither `then` nor `failed` may throw. */
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
