// What an audit found. Shapes only.

import type { SampleRequest } from './sample-request.ts';

export interface AuditFinding {
  /** `no_guard`, `identity_too_late`, or the trick by which the guard can be gone around. */
  readonly code:
    | 'no_guard'
    | 'identity_too_late'
    | `skipped_by_${'method' | 'host' | 'slash' | 'case' | 'encoding' | 'condition'}`;
  readonly message: string;
}

export interface AuditedRoute {
  readonly name: string;
  readonly public: boolean;
  readonly guards: readonly string[];
  readonly findings: readonly AuditFinding[];
  /** A request that the route is meant for; null when none could be made up, and then only its guards were looked at. */
  readonly sample: SampleRequest | null;
}

export interface AuditReport {
  readonly routes: readonly AuditedRoute[];
  /** No route has a finding. */
  readonly ok: boolean;
}
