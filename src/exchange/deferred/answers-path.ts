// The path at which clients fetch deferred responses. No route of the configuration should have it.

/** Followed by the word of a route, a slash, and a token. */
export const ANSWERS_PATH = '/.cardea/answers/';

/** The word of the route whose answer stands under a path that begins so. */
export function answersWordIn(path: string): string {
  return path.slice(ANSWERS_PATH.length, path.indexOf('/', ANSWERS_PATH.length));
}
