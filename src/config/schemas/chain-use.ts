// The element of `filters` that stands for the filters of a chain: `{ chain: partners }`. No filter has this name.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { FilterConfig } from '../config.ts';
import { fieldOf } from '../written.ts';
import { resourceName } from './resource-name.ts';

export const CHAIN = 'chain';

const hint = (input: unknown): string => {
  if (Array.isArray(input)) return ': write an element for each, - chain: NAME';
  return typeof input === 'object' && input !== null ? ': its filters are written under `chains`' : '';
};

/** What is written under `chain`. */
export const chainName = z.string(expected('the name of a chain', hint)).pipe(resourceName);

/** Whether a checked element is the use of a chain, which `expandChains` has not replaced yet. */
export function isChainUse({ name }: FilterConfig): boolean {
  return name === CHAIN;
}

/** The chain that an element uses as it is written; undefined for anything else. */
export function chainUsedIn(element: unknown): string | undefined {
  const name = fieldOf(element, CHAIN);
  return typeof name === 'string' ? name : undefined;
}
