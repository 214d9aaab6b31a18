// The contract of what keeps answers for callers who were told to come back. Contract only: memory, Redis and SQLite fulfil it beside this
// file, and src/store/answers/answer-shelf.test.ts holds all three to it.

/** At once where nothing has to be asked, later where it has. */
export type SoonerOrLater<Value> = Value | Promise<Value>;

/** After so long without a word, whoever waited for an answer is taken for gone. Longer than any pause that it survives. */
export const SILENCE_SECONDS_MAX = 15;

/** For how long an answer that somebody waits for has its place, from his last word on: its own time begins when it comes. */
export function awaitedSeconds(keepSeconds: number): number {
  return keepSeconds + SILENCE_SECONDS_MAX;
}

/** What a caller's token comes to. Who knows neither finds nothing, and can read nothing of what is kept outside the process. */
export interface AnswerTicket {
  /** 16 bytes by which it is found. */
  readonly digest: Buffer;
  /** 32 bytes for AES; see sealed-answer.ts. */
  readonly sealKey: Buffer;
}

/** How many answers, how large, and for how long. */
export interface ShelfSpec {
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
}

export type FoundAnswer =
  /** `gone`: it was kept for as long as was said. `unknown`: it never was there, or that is no longer known. */
  | { readonly kind: 'pending' | 'notKept' | 'gone' | 'unknown' }
  /** Nobody waits for it any more. `isNews` for whoever finds that out. */
  | { readonly kind: 'lost'; readonly isNews: boolean }
  | { readonly kind: 'kept'; readonly answer: Buffer };

/** An answer that somebody waits for, who has to say so every few seconds. All of it rejects with `StoreAway` while nothing can be asked. */
export interface ExpectedAnswer {
  renew(): SoonerOrLater<void>;
  /** Null keeps only that there was one. False when it is known as lost already, or nothing has room. May be tried again. */
  keep(answer: Buffer | null): SoonerOrLater<boolean>;
  /** Nobody was told of it. */
  forget(): SoonerOrLater<void>;
}

/** Throws, or rejects, with `StoreAway` while nothing can be asked. */
export interface AnswerShelf {
  /** Makes room for an answer; null when there is none. It is kept for so long from when it comes. */
  expect(ticket: AnswerTicket, keepSeconds: number): SoonerOrLater<ExpectedAnswer | null>;
  find(ticket: AnswerTicket, keepSeconds: number): SoonerOrLater<FoundAnswer>;
  /** What is behind it is not closed until what this returns is called, once: for who waits for an answer, over reloads. */
  hold(): () => void;
}

/** Answers that there is room for. */
export function placesOf({ memoryBytes, answerBytesMax }: ShelfSpec): number {
  return Math.floor(memoryBytes / answerBytesMax);
}

/** Shelves of one store that share their room: those that say the same of it. */
export function poolOf({ memoryBytes, answerBytesMax }: ShelfSpec): string {
  return `${memoryBytes}:${answerBytesMax}`;
}
