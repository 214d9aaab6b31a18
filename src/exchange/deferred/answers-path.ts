// The path at which clients fetch deferred responses. No route of the configuration should match it.

/** Followed by the word of a route, a slash, and a token. */
export const ANSWERS_PATH = '/.cardea/answers/';

/** The route's word in a path that begins with `ANSWERS_PATH`. */
export function answersWordIn(path: string): string {
  return path.slice(ANSWERS_PATH.length, path.indexOf('/', ANSWERS_PATH.length));
}

/** Characters of a token that a log shows, so that lines about one response can be told to belong together. */
const SHOWN_LETTERS = 8;

/** A path as it is logged: the token stays out, since on a public route it alone gives the response to whoever knows it. */
export function loggedPath(path: string): string {
  if (!path.startsWith(ANSWERS_PATH)) return path;
  const tokenAt = path.indexOf('/', ANSWERS_PATH.length) + 1;
  return tokenAt === 0 || path.length <= tokenAt + SHOWN_LETTERS
    ? path
    : `${path.slice(0, tokenAt + SHOWN_LETTERS)}...`;
}
