// Where clients fetch answers that they were told to come back for. A path that no route of the configuration should have.

/** Behind it the word of a route, a slash, and a token. */
export const ANSWERS_PATH = '/.cardea/answers/';
