// What a quota reports: usage, and thresholds passed. An interface for anything that processes the reports; the log is the first.

/** Units that the ledger has recorded; reported once over all gateways. */
export interface MeteredUse {
  /** Name of the quota. */
  readonly quota: string;
  /** `consumer`, `tenant`, `key`, `ip` or `global`; `caller` says which one. */
  readonly by: string;
  readonly caller: string;
  /** The length of the period: a plan may have quotas of several. */
  readonly per: 'day' | 'week' | 'month';
  /** First day of the period. */
  readonly period: string;
  readonly units: number;
  /** All units used in the period so far, over all gateways. */
  readonly sum: number;
  readonly limit: number;
}

export interface MeteringSink {
  used(use: MeteredUse): void;
  /** The use has passed this share of the limit, from 0 to 1. */
  passed(use: MeteredUse, share: number): void;
}
