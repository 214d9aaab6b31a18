// A route's `audit` as later stages see it, and the names of the ways around a guard. Shapes only; the schema is in audit-schema.ts.

export const waysAround = [
  /** The request is one that the guarded route asks for, and a broader route wins. */
  'shadowed',
  /** Another path, which a rewrite makes the one that the guarded route's upstream sees. */
  'reached_by_rewrite',
  'skipped_by_method',
  'skipped_by_host',
  'skipped_by_slash',
  'skipped_by_case',
  'skipped_by_encoding',
  'skipped_by_condition',
] as const;

export type WayAround = (typeof waysAround)[number];

export interface AuditConfig {
  readonly accept: readonly Acceptance[];
}

export interface Acceptance {
  readonly finding: WayAround;
  /** Name of the route that is taken instead. */
  readonly by: string;
  readonly because: string;
}
