// `errorPages`: the pages that people get in place of problem+json when the gateway itself refuses a request.

import { z } from 'zod';
import { expected, found } from '../../base/schema/found.ts';
import { suggestion } from '../problems/nearest-name.ts';
import { filePath } from './tls-file.ts';

/** The statuses with which the gateway refuses a request that it could read. Messages that it cannot read get no page. */
export const pageStatuses = ['400 401 403 404 405 408 409 413 422 429'.split(' '), '500 502 503 504'.split(' ')].flat();

const keys = [...pageStatuses, '4xx', '5xx', 'default'];

const pageKey = z.string().refine(name => keys.includes(name), { error: ({ input }) => wrongKey(String(input)) });

const pages = z
  .record(pageKey, filePath, expected('a map such as { 404: pages/404.html, 5xx: pages/oops.html }'))
  .refine(written => Object.keys(written).length > 0, 'expected at least one page, found an empty map')
  // Editors offer the keys.
  .meta({ propertyNames: { enum: keys } });

function wrongKey(name: string): string {
  const list = 'a page is for one of the statuses with which the gateway itself refuses requests';
  if (/^[1-5][0-9]{2}$/.test(name))
    return `the gateway never refuses with ${name}, and the responses of upstreams pass as they are: ${list}, ${pageStatuses.join(', ')}`;
  return `expected a status such as 404, 4xx, 5xx or default, found ${found(name)}${suggestion(name.toLowerCase(), keys)}`;
}

export const errorPagesSchema = pages.describe(
  'HTML files, from this file’s folder, for the gateway’s own refusals, by status: `404`, `4xx`, `5xx`, `default`. Callers whose `Accept` prefers HTML to JSON get the page, all others problem+json. At most 64 KiB each; a changed file is a reload.',
);

/** A route's `errorPages`. */
export const routeErrorPagesSchema = z
  .union([pages, z.literal('off')], expected('off, or a map such as { 404: pages/404.html }'))
  .describe('Pages of this route, which come before those of all routes; `off` for none.');
