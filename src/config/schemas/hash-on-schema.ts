// An upstream's `hashOn`: what a hashing balancer takes its key from.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { HashOnConfig } from '../config.ts';

const token = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, expected('a name'));

const named = z
  .strictObject({
    header: token.optional().describe('Name of a header.'),
    cookie: token.optional().describe('Name of a cookie.'),
    query: z.string().min(1).optional().describe('Name of a query parameter.'),
    ip: z.literal(true).optional().describe('The client’s address.'),
    path: z.literal(true).optional().describe('The request’s path.'),
  })
  .transform((keys, context): HashOnConfig => {
    // Because: the object is strict, so that it has no keys but those above.
    const given = Object.entries(keys) as [HashOnConfig['source'], string | true][];
    const [first] = given;
    if (given.length === 1 && first !== undefined) {
      const [source, value] = first;
      const name = value === true ? '' : value;
      return { source, name: source === 'header' ? name.toLowerCase() : name };
    }
    const names = given.length === 0 ? 'none' : given.map(([source]) => source).join(' and ');
    context.addIssue({ code: 'custom', message: `expected one of header, cookie, query, ip and path, found ${names}` });
    return z.NEVER;
  });

const plain = z.enum(['ip', 'path']).transform((source): HashOnConfig => ({ source, name: '' }));

export const hashOnSchema = z
  .union([named, plain], expected('a map such as { header: x-user-id }, or ip, or path'))
  .describe(
    'Where `ringHash` and `maglev` take their key from: `{ header: name }`, `{ cookie: name }`, `{ query: name }`, `ip` or `path`. A request without such a value counts by its client’s address.',
  );
