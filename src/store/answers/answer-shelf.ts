// The contract of stores that keep answers for callers who were told to come back later. Contract only: memory, Redis and SQLite implement
// it in files beside this one, and src/store/answers/answer-shelf.test.ts holds all three to it.

/** A value where it is known at once, a promise where something has to be asked. */
export type SoonerOrLater<Value> = Value | Promise<Value>;

/** A worker that awaits an answer and has not renewed it for this long counts as gone. Longer than any pause that a worker survives. */
export const SILENCE_SECONDS_MAX = 15;

/** Seconds for which an awaited answer keeps its place after the last renewal. Its keeping time begins when the answer arrives. */
export function awaitedSeconds(keepSeconds: number): number {
  return keepSeconds + SILENCE_SECONDS_MAX;
}

/** Derived from a caller's token. Without these two, an answer cannot be found, nor read where it is kept outside the process. */
export interface AnswerTicket {
  /** 16 bytes by which the answer is found. */
  readonly digest: Buffer;
  /** 32 bytes, the AES key; see sealed-answer.ts. */
  readonly sealKey: Buffer;
}

/** How much memory the answers may take, and how large one may be. */
export interface ShelfSpec {
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
}

export type FoundAnswer =
  /** `gone`: the answer's time is over. `unknown`: there never was an answer, or the shelf no longer knows of it. */
  | { readonly kind: 'pending' | 'notKept' | 'gone' | 'unknown' }
  /** The worker that awaited the answer is gone. `isFirstToKnow` is true for the one call that discovers it. */
  | { readonly kind: 'lost'; readonly isFirstToKnow: boolean }
  | { readonly kind: 'kept'; readonly answer: Buffer };

/** An answer that a worker awaits and has to renew every few seconds. All methods fail with `StoreAway` while the store is away. */
export interface ExpectedAnswer {
  renew(): SoonerOrLater<void>;
  /** Null keeps only that there was an answer. False when the answer already counts as lost, or has no room. May be tried again. */
  keep(answer: Buffer | null): SoonerOrLater<boolean>;
  /** Gives the place up, for an answer that no caller was told of. */
  forget(): SoonerOrLater<void>;
}

/** All methods throw, or reject, with `StoreAway` while the store is away. */
export interface AnswerShelf {
  /** Makes room for an answer; null when there is none. `keepSeconds` count from the arrival of the answer. */
  expect(ticket: AnswerTicket, keepSeconds: number): SoonerOrLater<ExpectedAnswer | null>;
  find(ticket: AnswerTicket, keepSeconds: number): SoonerOrLater<FoundAnswer>;
  /** Keeps the store open over reloads, for a worker that awaits an answer, until the returned function is called; call it once. */
  hold(): () => void;
}

/** Number of answers that the shelf has room for. */
export function placesOf({ memoryBytes, answerBytesMax }: ShelfSpec): number {
  return Math.floor(memoryBytes / answerBytesMax);
}

/** Name of the room that shelves of one store share: those with the same limits. */
export function poolOf({ memoryBytes, answerBytesMax }: ShelfSpec): string {
  return `${memoryBytes}:${answerBytesMax}`;
}
