// What a filter's schema may ask of its place in the document. config/ fills it in; shape only.

import type { Rate } from '../rate.ts';

export interface FilterSurroundings {
  /** Whether a filter before this one identifies the caller. */
  readonly knowsCaller: boolean;
  /** Parameters of the route's path; null for the global chain, which sees every route's. */
  readonly pathParameters: readonly string[] | null;
  /** Names of all routes and consumers. */
  readonly routes: ReadonlySet<string>;
  readonly consumers: ReadonlySet<string>;
  /** All plans that have no error. */
  readonly plans: readonly { readonly name: string; readonly rate: Rate | null; readonly quota: Rate | null }[];
  /** The values that consumers have for this tag, each with one of those who have it. */
  readonly tagValues: (tag: string) => ReadonlyMap<string, string>;
}
