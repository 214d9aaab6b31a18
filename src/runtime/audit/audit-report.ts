// What an audit found. Shapes only.

import type { WayAround } from '../../config/audit-config.ts';
import type { SampleRequest } from './sample-request.ts';

export interface AuditFinding {
  /** What is wrong with the route itself, or the way on which its guard can be gone around. */
  readonly code: 'no_guard' | 'identity_too_late' | 'accepts_nothing' | WayAround;
  /** The route that is taken instead; empty where none is. */
  readonly by: string;
  readonly message: string;
}

/** A way around that the configuration says is meant. */
export interface AcceptedFinding extends AuditFinding {
  readonly because: string;
}

export interface AuditedRoute {
  readonly name: string;
  readonly public: boolean;
  readonly guards: readonly string[];
  readonly findings: readonly AuditFinding[];
  readonly accepted: readonly AcceptedFinding[];
  /** Requests that the route is meant for; empty when none could be made up, and then only its guards were looked at. */
  readonly samples: readonly SampleRequest[];
}

export interface AuditReport {
  readonly routes: readonly AuditedRoute[];
  /** No route has a finding. */
  readonly ok: boolean;
}
