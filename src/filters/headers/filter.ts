// The headers filter: removes, sets, adds and appends fields, in that order. config.ts checks which fields may be changed.

import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { HeaderNameSet } from '../../http/header-name-set.ts';
import type { Headers } from '../../http/headers.ts';
import type { HeadersConfig } from './config.ts';
import { Template } from './template.ts';

interface Change {
  readonly kind: 'remove' | 'set' | 'add' | 'append';
  /** The name as configured; `lowerName` is for look-ups. */
  readonly name: string;
  readonly lowerName: string;
  /** Null for `remove`. */
  readonly template: Template | null;
}

export const headersFilter: FilterDefinition<HeadersConfig> = {
  name: 'headers',
  build(config) {
    const request = changesOf(config.request);
    const response = changesOf(config.response);
    const replaced = request.filter(({ kind }) => kind === 'remove' || kind === 'set');
    const spellings =
      replaced.length === 0
        ? null
        : new HeaderNameSet(
            replaced.map(({ lowerName }) => lowerName),
            [],
          );
    const filter: Filter = {
      ...(request.length > 0 && {
        onRequest(exchange: Exchange) {
          const { headers } = exchange.request;
          apply(request, exchange, headers);
          // Because: an upstream may read what the caller sent as `X_User` in place of the `X-User` that was removed or set here.
          if (spellings !== null) headers.removeNamed(spellings);
        },
      }),
      ...(response.length > 0 && {
        onResponse: (exchange: Exchange) => apply(response, exchange, exchange.response!.headers),
      }),
    };
    return filter;
  },
};

function changesOf({ remove, set, add, append }: HeadersConfig['request']): readonly Change[] {
  const written = (kind: Change['kind'], fields: Readonly<Record<string, string>>): Change[] =>
    Object.entries(fields).map(([name, value]) => ({
      kind,
      name,
      lowerName: name.toLowerCase(),
      template: new Template(value),
    }));
  return [
    ...remove.map(name => ({ kind: 'remove' as const, name, lowerName: name.toLowerCase(), template: null })),
    ...written('set', set),
    ...written('add', add),
    ...written('append', append),
  ];
}

function apply(changes: readonly Change[], exchange: Exchange, headers: Headers): void {
  for (let i = 0; i < changes.length; i++) {
    const { kind, name, lowerName, template } = changes[i]!;
    // Because: the value is rendered before the field is removed, so that a field may be set from its own old value.
    const value = template === null ? '' : template.render(exchange);
    if (kind === 'add' && headers.has(lowerName)) continue;
    if (kind === 'remove' || kind === 'set') headers.remove(lowerName);
    if (value !== '') headers.appendTrusted(name, value);
  }
}
