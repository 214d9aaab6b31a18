// The configuration of the headers filter. Knows nothing of how exchanges run; a test compares its variables with those of template.ts.

import { z } from 'zod';
import { foreignVariable } from '../../base/foreign-variables.ts';
import { messageOf } from '../../base/message-of.ts';
import { parseTemplate } from '../../base/template.ts';

export const name = 'headers';

export const documentation =
  'Changes header fields of the request before it goes upstream, and of the response before it goes to the client: first `remove`, then `set` (replaces existing values), ' +
  '`add` (only if the field is absent) and `append` (adds a value to existing ones). Values are templates: `${requestId}`, `${client.ip}`, `${scheme}`, `${method}`, `${host}`, `${path}`, ' +
  '`${query}`, `${route}`, `${consumer}`, `${param.NAME}` for a parameter of the route’s path, `${header.NAME}` and `${cookie.NAME}` for those of the request, `${tag.NAME}` for a tag of the consumer; `$${` stands for a literal `${`. ' +
  'What `remove` and `set` name is taken out of a request in every spelling that an upstream may read as the same name (`X_User` for `X-User`). What is absent is empty, and an empty value sets or adds nothing. Control bytes in a value become spaces, and characters outside ASCII are sent as UTF-8.';

/** The template variables; those of `namedVariables` are followed by `.NAME`. */
export const plainVariables = [
  'requestId',
  'client.ip',
  'scheme',
  'method',
  'host',
  'path',
  'query',
  'route',
  'consumer',
];
export const namedVariables = ['param', 'header', 'cookie', 'tag'];

const variableList = [...plainVariables, ...namedVariables.map(variable => `${variable}.NAME`)]
  .map(variable => `\${${variable}}`)
  .join(' ');

function isVariable(text: string): boolean {
  const dotAt = text.indexOf('.');
  return (
    plainVariables.includes(text) ||
    (namedVariables.includes(text.slice(0, dotAt)) && dotAt + 1 < text.length && dotAt > 0)
  );
}

function templateError(text: string): string | undefined {
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(text)) return 'a header value holds no control characters';
  try {
    const unknown = parseTemplate(text).find(part => 'variable' in part && !isVariable(part.variable));
    return unknown === undefined || !('variable' in unknown)
      ? undefined
      : `there is no variable \${${unknown.variable}}; known are ${variableList}`;
  } catch (error) {
    return messageOf(error);
  }
}

const framing = 'it frames the message or belongs to one connection, so the gateway alone decides it';

/** Why a field may not be changed, by lower-case name. */
const untouchable: Readonly<Record<string, string>> = {
  connection: framing,
  'transfer-encoding': framing,
  'content-length': framing,
  te: framing,
  trailer: framing,
  upgrade: framing,
  'keep-alive': framing,
  'proxy-connection': framing,
  'http2-settings': framing,
};
const untouchableInRequests: Readonly<Record<string, string>> = {
  ...untouchable,
  host: 'use the route’s `rewrite: { host: ... }`',
  expect: 'the gateway answers it itself',
  'x-request-id': 'use the requestId filter',
};
/** Fields that may be removed, in order to drop what a trusted proxy sent, but not written. */
const writtenByGateway: Readonly<Record<string, string>> = Object.fromEntries(
  ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via', 'traceparent'].map(field => [
    field,
    'the gateway writes it itself',
  ]),
);
const untouchableInResponses: Readonly<Record<string, string>> = { ...untouchable, host: 'an answer has no Host' };

function nameError(text: string, reasons: Readonly<Record<string, string>>): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) return `not a header name: ${JSON.stringify(text)}`;
  const reason = reasons[text.toLowerCase()];
  return reason === undefined ? undefined : `${text} cannot be changed: ${reason}`;
}

function fieldTemplates(reasons: Readonly<Record<string, string>>) {
  return z.record(z.string(), z.string()).superRefine((fields, context) => {
    const seen = new Set<string>();
    for (const [field, template] of Object.entries(fields)) {
      const twice = seen.has(field.toLowerCase()) ? `${field} is listed twice, in different case` : undefined;
      seen.add(field.toLowerCase());
      const message = nameError(field, reasons) ?? twice ?? templateError(template);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [field], message });
    }
  });
}

function changes(reasons: Readonly<Record<string, string>>, written: Readonly<Record<string, string>>) {
  const fields = fieldTemplates({ ...reasons, ...written });
  const names = z.string().superRefine((field, context) => {
    const message = nameError(field, reasons);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
  return z.strictObject({
    set: fields.default({}).describe('Fields by name that replace existing ones.'),
    add: fields.default({}).describe('Fields by name, added only if the field is absent.'),
    append: fields.default({}).describe('Fields by name, added beside existing ones.'),
    remove: z.array(names).default([]).describe('Names of fields to remove, before the others are written.'),
  });
}

export const schema = z.strictObject({
  request: changes(untouchableInRequests, writtenByGateway)
    .prefault({})
    .describe('Changes to the request on its way upstream.'),
  response: changes(untouchableInResponses, {})
    .prefault({})
    .describe('Changes to the answer on its way to the client.'),
});

export type HeadersConfig = z.output<typeof schema>;

/** The form of path parameters in `rewrite` and `redirect`, which has no `$`. */
const bareBraces = /(?<!\$)\{([A-Za-z_][\w.-]*)\}/g;

interface PlaceWarning {
  readonly path: readonly string[];
  readonly message: string;
  readonly severity: 'warning';
}

/**
 * Warns of placeholders that are never filled in: in the syntax of a rewrite, a redirect or another gateway, or for a parameter that the
 * route's path does not have.
 */
export function placeProblems(
  { request, response }: HeadersConfig,
  { pathParameters }: { readonly pathParameters: readonly string[] | null },
): PlaceWarning[] {
  const warnings: PlaceWarning[] = [];
  for (const [side, { set, add, append }] of Object.entries({ request, response })) {
    for (const [action, fields] of Object.entries({ set, add, append })) {
      for (const [field, template] of Object.entries(fields)) {
        const message = neverFilledIn(template, pathParameters);
        if (message !== undefined) warnings.push({ path: [side, action, field], message, severity: 'warning' });
      }
    }
  }
  return warnings;
}

function neverFilledIn(template: string, pathParameters: readonly string[] | null): string | undefined {
  for (const [letters, name] of template.matchAll(bareBraces)) {
    // Because: the expression has that group.
    const variable = pathParameters?.includes(name!) ? `param.${name}` : name!;
    if (isVariable(variable)) return `${letters} is sent literally: write \${${variable}} to have it replaced`;
  }
  const foreign = foreignVariable(template);
  if (foreign !== undefined) {
    const { letters, meant } = foreign;
    return meant === ''
      ? `${letters} is sent literally: it is no variable here; known are ${variableList}`
      : `${letters} is sent literally: write \${${meant}} to have it replaced`;
  }
  if (pathParameters === null) return undefined;
  for (const part of parseTemplate(template)) {
    if (!('variable' in part) || !part.variable.startsWith('param.')) continue;
    const name = part.variable.slice('param.'.length);
    if (!pathParameters.includes(name))
      return `\${${part.variable}} is always empty: the route's path has no {${name}}`;
  }
  return undefined;
}
