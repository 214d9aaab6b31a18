// Which upstreams a destination leads to, by name. Whether they exist, and what else a route names, is for those who ask.

import type { DestinationConfig } from './config.ts';

/** None for a redirect or a reply; the targets of a split in order. A list of the caller's own. */
export function destinationUpstreams(to: DestinationConfig): string[] {
  if (to.kind === 'upstream') return [to.upstream];
  return to.kind === 'split' ? to.targets.map(({ upstream }) => upstream) : [];
}
