// What a quota has to tell: use, and thresholds passed. An interface for whoever takes it further; the log is the first.

/** Units that the ledger has taken: told once over all gateways. */
export interface MeteredUse {
  /** Name of the quota. */
  readonly quota: string;
  /** `consumer`, `tenant`, `key`, `ip` or `global`, and which one. */
  readonly by: string;
  readonly caller: string;
  /** First day of the period. */
  readonly period: string;
  readonly units: number;
  /** In the period so far, over all gateways. */
  readonly sum: number;
  readonly limit: number;
}

export interface MeteringSink {
  used(use: MeteredUse): void;
  /** The use has passed this share of the limit, 0 to 1. */
  passed(use: MeteredUse, share: number): void;
}
