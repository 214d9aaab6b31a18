// Something wrong with a route, said to the operator. Where it stands in a file is found by whoever knows the document.

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
