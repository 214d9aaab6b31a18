// Label of the metric block in which a limit counts its decisions.

import { LABEL_SEPARATOR } from './metric-families.ts';

/** An empty `route` stands for the global chain. */
export function limitLabel(route: string, limit: string): string {
  return `${route === '' ? '*' : route}${LABEL_SEPARATOR}${limit}`;
}
