// An error in a route, for the operator. Code that knows the document finds its position in the file.

/**
 * `path` leads to the wrong value inside the route as written: `['match', 'path']`, `['match', 'host']`,
 * `['match', 'headers', 'x-beta']`, `['match', 'body', '$.type']`. `otherIndex` is the route that it conflicts with; null for none.
 */
export interface RouteProblem {
  readonly routeIndex: number;
  readonly otherIndex: number | null;
  readonly path: readonly (string | number)[];
  readonly message: string;
}
