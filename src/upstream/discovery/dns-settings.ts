// The settings of the two DNS sources in the form of a feed's spec. Makes no lookups: see resolver-for.ts.

import type { FeedSpec } from '../../store/feed.ts';
import type { AddressFamily } from './dns/resolver.ts';

/** Settings for one name, in the form of a feed's spec: two upstreams with equal settings share one lookup. */
export type DnsSettings = {
  readonly name: string;
  /** Port of the endpoints; 0 when the records contain it. */
  readonly port: number;
  readonly tls: boolean;
  readonly family: AddressFamily;
  /** `[host, port]` of the DNS servers; empty for those of the machine. */
  readonly servers: readonly (readonly [string, number])[];
  readonly timeoutMs: number;
  readonly keptMinMs: number;
  readonly keptMaxMs: number;
};

/** Defaults, for names in `endpoints` and for what `discover` leaves out. */
export const dnsDefaults = {
  family: 'auto',
  servers: [],
  timeoutMs: 1_500,
  keptMinMs: 1_000,
  keptMaxMs: 300_000,
} as const;

export function dnsSettingsOf(spec: FeedSpec): DnsSettings {
  // Because: only src/compile writes these specs, and it writes them from DnsSettings.
  return spec as unknown as DnsSettings;
}
