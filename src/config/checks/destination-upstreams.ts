// Which upstreams a destination leads to, by name. Does not check that they exist, and ignores the other upstreams that a route names.

import type { DestinationConfig } from '../config.ts';

/** Empty for a redirect or a reply; the targets of a split in their order. The list is new, so that the caller may change it. */
export function destinationUpstreams(to: DestinationConfig): string[] {
  if (to.kind === 'upstream') return [to.upstream];
  return to.kind === 'split' ? to.targets.map(({ upstream }) => upstream) : [];
}
