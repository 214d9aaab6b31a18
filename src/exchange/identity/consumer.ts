// The caller, once a filter has identified it: the consumer as configured, and the identity that the credential proved. Types only.

import type { Rate } from '../../base/rate.ts';

/** A caller, whichever filter recognised it. */
export interface Consumer {
  readonly name: string;
  readonly tenant: string | null;
  /** Name of the consumer's plan; null for none. */
  readonly plan: string | null;
  readonly groups: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** The content of a verified credential. */
export interface Identity {
  /** Name of the filter that verified it: `jwt`, `apiKey`. */
  readonly by: string;
  /** Its subject in the terms of its issuer: a token's `sub`, a certificate's subject, a key's id. Empty if it has none. */
  readonly subject: string;
  /** Id of the API key or certificate, for logs and limits: never the secret itself. Empty for other credentials. */
  readonly keyId: string;
  readonly scopes: readonly string[];
  /** The claims of a token or session; null where there are none. */
  readonly claims: Readonly<Record<string, unknown>> | null;
}

/** A plan of the configuration; see `PlanConfig`, to which it is structurally equal. */
export interface Plan {
  readonly name: string;
  /** Requests must fit into all of them; null for none. `quotas` likewise. */
  readonly rates: readonly Rate[] | null;
  readonly quotas: readonly Rate[] | null;
}
