// A route's `match`: the conditions on a request. The full meaning of path patterns is in route/path-pattern.ts.

import { z } from 'zod';
import { cidrBlock } from '../../base/schema/cidr-block.ts';
import { expected, found } from '../../base/schema/found.ts';
import { noBodyConditions, noConditions, noNames } from '../bare-route.ts';
import type { MatchConfig } from '../config.ts';
import { bodyMatches } from './body-match.ts';
import { cookieValueError, fieldValueError, namedMatches, regexError } from './value-match.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const hostName = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const hostLiteral = /^\[[0-9a-f:.]+\]$/;
export const everyPath = '/*';

/** Whether the text is a host that a route can match: a name, `*.` with a name, or an IPv6 address in brackets. Expects lower case. */
export function isHost(host: string): boolean {
  // In nginx, `_` is the usual name of the server for all other hosts; no client asks for it.
  return host.length <= 253 && host !== '_' && (hostName.test(host) || hostLiteral.test(host));
}

/** Whether the text is a method name in upper case. */
export function isMethod(text: string): boolean {
  return token.test(text) && text === text.toUpperCase() && text !== '*';
}

/** What is wrong with a host in lower case; undefined when nothing is. */
function hostError(host: string): string | undefined {
  if (isHost(host)) return undefined;
  if (host === '*' || host === '_') return 'leave `host` out to match every host';
  if (/:[0-9]*$/.test(host))
    return `a host is matched without its port: write ${JSON.stringify(host.replace(/:[0-9]*$/, ''))}`;
  if (host.startsWith('~')) return 'a host is no expression: list the hosts, or write *.example.com for all below one';
  if (host.startsWith('.') && isHost(host.slice(1)))
    return `for the name itself and all below it write ["${host.slice(1)}", "*${host}"]`;
  return `expected a host such as api.example.com or *.example.com, found ${found(host)}`;
}

const host = z.string(expected('a host such as api.example.com or *.example.com')).transform((text, context) => {
  const lower = text.toLowerCase();
  const message = hostError(lower);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
  return lower;
});

/** One text or a list of texts; undefined when left out. `whenEmpty` is the message for an empty list. */
function oneOrMore(one: z.ZodType<string>, described: string, whenEmpty: string) {
  const list = z.array(one).min(1, whenEmpty);
  return z.union([one.transform(text => [text]), list], expected(described)).optional();
}

const hosts = oneOrMore(host, 'a host or a list of hosts', 'name at least one host, or leave `host` out');

/** An expression that begins with a letter that no path begins with, whatever follows. Expressions with alternatives are not examined. */
const neverPath = /^\^?(?:\\(?=[._-]))?((?<=\\)[._-]|[^\\.+*?()|[\]{}^$/])(?![*?{])[^|]*$/u;

/** What is wrong with the regular expression of a path; undefined when nothing is. */
function pathRegexError(source: string): string | undefined {
  if (source.startsWith('*')) return 'for letters in either case write `~(?i)` in front of the expression, not `~*`';
  const message = regexError(source);
  if (message !== undefined) return message;
  const first = neverPath.exec(source)?.[1];
  if (first === undefined) return undefined;
  return `no path can match this: each begins with \`/\`, and the expression with ${found(first)}; write \`/\` in front, or \`.*\` for anything before it`;
}

/** A hint for nginx's modifiers of a location. */
function modifierText(text: string): string {
  const [, modifier, path] = /^(=|\^~)\s*(\/.*)$/.exec(text) ?? [];
  if (modifier === undefined) return '';
  return modifier === '='
    ? `; an exact path is written ${path}`
    : `; a prefix is written ${path!.replace(/\/?$/, '/*')}`;
}

const listenerName = z.string(expected('the name of a listener'));
const listeners = oneOrMore(
  listenerName,
  'the name of a listener or a list of names',
  'name at least one, or leave `listener` out',
);

const clientExpected = 'a CIDR block such as 10.0.0.0/8';
const clients = oneOrMore(
  cidrBlock(expected(clientExpected)),
  `${clientExpected} or a list of blocks`,
  'name at least one, or leave `client` out',
);

const path = z
  .string(expected('a path such as /users, /users/{id}, /users/* or ~regex'))
  .superRefine((text, context) => {
    const message = text.startsWith('~')
      ? pathRegexError(text.slice(1))
      : text.startsWith('/')
        ? undefined
        : `expected a path that starts with \`/\`, or \`~\` for a regular expression, found ${found(text)}${modifierText(text)}`;
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const method = z.string(expected('a method such as GET')).superRefine((text, context) => {
  if (text === '*') {
    context.addIssue({ code: 'custom', message: 'leave `methods` out to match every method' });
    return;
  }
  if (isMethod(text)) return;
  const hint = token.test(text) ? `: methods are in upper case, write ${text.toUpperCase()}` : '';
  context.addIssue({ code: 'custom', message: `expected a method such as GET, found ${found(text)}${hint}` });
});

const methods = z
  .array(method, {
    error: ({ input }) =>
      `expected a list of methods, found ${found(input)}${typeof input === 'string' ? `: write [${input}]` : ''}`,
  })
  .min(1, 'name at least one method, or leave `methods` out')
  .optional();

const headerNames = {
  error: (name: string) => (token.test(name) ? undefined : `expected a header name, found ${found(name)}`),
  normal: (name: string) => name.toLowerCase(),
  valueError: fieldValueError,
};
const cookieNames = {
  error: (name: string) => (token.test(name) ? undefined : `expected a cookie’s name, found ${found(name)}`),
  valueError: cookieValueError,
};
const queryNames = {
  error: (name: string) => (name === '' ? 'expected the name of a query parameter, found ""' : undefined),
};

export const matchSchema = z
  .strictObject({
    host: hosts.describe(
      'Host, or a list of hosts: exact, or `*.example.com` for one or more labels in front. Default: every host.',
    ),
    path: path
      .default(everyPath)
      .describe('`/exact`, `/prefix/*`, `/users/{id}`, `/files/{path*}`, or `~regex` (RE2, matches the whole path).'),
    methods: methods.describe('Methods in upper case. Default: every method. HEAD is matched where GET is.'),
    headers: namedMatches(headerNames).describe(
      'Conditions on headers: exact text, `~regex`, `true` (present) or `false` (absent).',
    ),
    query: namedMatches(queryNames).describe('Conditions on query parameters, as for headers.'),
    cookies: namedMatches(cookieNames).describe('Conditions on cookies, as for headers.'),
    body: bodyMatches.describe(
      'Conditions on fields of a JSON body: `$.type: order`. The body is held in memory, up to `limits.matchBody`.',
    ),
    listener: listeners.describe(
      'Name of the listener, or a list of names, at which the route holds. Elsewhere it does not exist. Default: every listener.',
    ),
    client: clients.describe(
      'CIDR blocks of the clients for which the route holds, by the address that the access log has: after `trustedProxies` and the PROXY protocol. Default: every client.',
    ),
  })
  .prefault({})
  .transform(
    ({
      host: written,
      path: pattern,
      methods: list,
      headers,
      query,
      cookies,
      body,
      listener,
      client,
    }): MatchConfig => ({
      hosts: written ?? noNames,
      path: pattern,
      methods: list ?? noNames,
      headers: headers ?? noConditions,
      query: query ?? noConditions,
      cookies: cookies ?? noConditions,
      body: body ?? noBodyConditions,
      ...(listener !== undefined && { listeners: listener }),
      ...(client !== undefined && { clients: client }),
    }),
  )
  .describe('Conditions on the request; all of them must hold.');
