// A route's `audit` as later stages see it, and the codes of the ways around a guard. Shapes only; the schema is in audit-schema.ts.

export const wayAroundCodes = [
  /** A broader route wins over the guarded one for a request that both match. */
  'shadowed',
  /** Another path leads to the guarded route's upstream, because a rewrite turns it into the path that this upstream sees. */
  'reached_by_rewrite',
  'skipped_by_method',
  'skipped_by_host',
  /** At a listener, or from a client, for which the guarded route does not hold, or the other one was made. */
  'skipped_by_listener',
  'skipped_by_client',
  'skipped_by_slash',
  'skipped_by_case',
  'skipped_by_encoding',
  'skipped_by_condition',
] as const;

export type WayAroundCode = (typeof wayAroundCodes)[number];

export interface AuditConfig {
  readonly accept: readonly Acceptance[];
}

export interface Acceptance {
  readonly finding: WayAroundCode;
  /** Name of the route that is taken instead. */
  readonly by: string;
  readonly because: string;
}
