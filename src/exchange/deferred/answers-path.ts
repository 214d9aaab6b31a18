// The path at which clients fetch deferred responses. No route of the configuration should match it.

/** Followed by the word of a route, a slash, and a token. */
export const ANSWERS_PATH = '/.cardea/answers/';

/** The route's word in a path that begins with `ANSWERS_PATH`. */
export function answersWordIn(path: string): string {
  return path.slice(ANSWERS_PATH.length, path.indexOf('/', ANSWERS_PATH.length));
}
