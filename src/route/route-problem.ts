// Something wrong with a route, for the operator. Its place in a file is found by code that knows the document.

/**
 * `path` leads to the value inside the route as it is written: `['match', 'path']`, `['match', 'host']`,
 * `['match', 'headers', 'x-beta']`, `['match', 'body', '$.type']`. `otherIndex` names the route it collides with.
 */
export interface RouteProblem {
  readonly routeIndex: number;
  readonly otherIndex: number | null;
  readonly path: readonly (string | number)[];
  readonly message: string;
}
