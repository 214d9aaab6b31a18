// Something wrong with a route, said to the operator. Where it stands in a file is found by whoever knows the document.

/** `path` leads to the value inside the route: `['match', 'path']`. `otherIndex` names the route it collides with. */
export interface RouteProblem {
  readonly routeIndex: number;
  readonly otherIndex: number | null;
  readonly path: readonly (string | number)[];
  readonly message: string;
}
