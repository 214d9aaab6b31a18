// Adds a name to Vary, the list of request fields that a response depends on (RFC 9110 section 12.5.5).

import { HeaderId } from './header-names.ts';
import type { Headers } from './headers.ts';

/** Adds `name` to the fields that the response depends on, unless it or `*` is listed already. Existing Vary fields stay as they are. */
export function addVary(headers: Headers, name: string): void {
  if (headers.getById(HeaderId.vary) !== undefined) {
    const lower = name.toLowerCase();
    for (const value of headers.getAll('vary')) {
      for (const member of value.split(',')) {
        const field = member.trim().toLowerCase();
        if (field === lower || field === '*') return;
      }
    }
  }
  headers.appendTrusted('Vary', name);
}
