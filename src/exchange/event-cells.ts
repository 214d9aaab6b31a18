// The cells in which a filter counts its events, by the event's name. Telemetry reads them.

import type { FilterServices } from './filter.ts';

/** The cell of each of these events. A filter looks the cells up once, when it is built: `worker.cells[cells.refused]++`. */
export function eventCells<Event extends string>(
  events: readonly Event[],
  { eventCell }: Pick<FilterServices, 'eventCell'>,
): Readonly<Record<Event, number>> {
  const cells = Object.fromEntries(events.map(event => [event, eventCell(event)]));
  return cells as Record<Event, number>; // Because: Object.fromEntries forgets the key type
}
