// Label of the metric block in which a kind of filter counts one kind of event.

import { LABEL_SEPARATOR } from './metric-families.ts';

export function eventLabel(filter: string, event: string): string {
  return `${filter}${LABEL_SEPARATOR}${event}`;
}
