// The events of deferred requests, as they are counted: cardea_filter_events_total{filter="async"}.

import { eventLabel } from '../../telemetry/event-label.ts';

export const deferralEvents = [
  'deferred',
  'kept',
  'not_kept',
  'given',
  'late',
  'lost',
  'no_room',
  'store_away',
] as const;

export type DeferralEvent = (typeof deferralEvents)[number];

export function deferralLabel(event: DeferralEvent): string {
  return eventLabel('async', event);
}
