// What an audit found. Shapes only.

import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import type { WayAroundCode } from '../../config/audit-config.ts';
import type { SampleRequest } from './sample-request.ts';

export interface AuditFinding {
  /** What is wrong with the route itself, or the kind of request that goes around its guard. */
  readonly code: 'no_guard' | 'identity_too_late' | 'accepts_nothing' | WayAroundCode;
  /** Name of the route that takes such a request instead; empty when the finding names no other route. */
  readonly by: string;
  readonly message: string;
}

/** A way around the guard that the configuration declares as intended. */
export interface AcceptedFinding extends AuditFinding {
  readonly because: string;
}

export interface AuditedRoute {
  readonly name: string;
  readonly public: boolean;
  /** Names of the listeners at which it holds; empty for every one. */
  readonly listeners: readonly string[];
  readonly guards: readonly string[];
  readonly findings: readonly AuditFinding[];
  readonly accepted: readonly AcceptedFinding[];
  /** Where its filters look for a credential that is optional. */
  readonly optionalPlaces: readonly CredentialPlace[];
  /** Requests that the route is meant for; empty when none could be made up, in which case only its guards were checked. */
  readonly samples: readonly SampleRequest[];
}

export interface AuditReport {
  readonly routes: readonly AuditedRoute[];
  /** True when no route has a finding. */
  readonly ok: boolean;
}
