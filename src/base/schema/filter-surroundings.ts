// What a filter's schema may know about its place in the document. Type only; config/ provides the values.

import type { Rate } from '../rate.ts';
import type { CallerPart } from './caller-part.ts';

/** What a plan grants: null where it says nothing. */
interface PlanBudgets {
  readonly name: string;
  readonly rates: readonly Rate[] | null;
  readonly quotas: readonly Rate[] | null;
}

export interface FilterSurroundings {
  /** Whether a filter before this one identifies the caller. */
  readonly knowsCaller: boolean;
  /** What the filters before this one can know of a caller; empty where none of them identifies it. */
  readonly knownOfCaller: ReadonlySet<CallerPart>;
  /** Parameters of the route's path; null for the global chain, which applies to every route. */
  readonly pathParameters: readonly string[] | null;
  /** Names of all routes; `consumers` likewise. */
  readonly routes: ReadonlySet<string>;
  readonly consumers: ReadonlySet<string>;
  /** All plans that were read without an error. */
  readonly plans: readonly PlanBudgets[];
  /** The values that consumers have for this tag, each with the name of one consumer that has it. */
  readonly tagValues: (tag: string) => ReadonlyMap<string, string>;
}
