// A header value with placeholders for data of an exchange, parsed once and rendered for every exchange. Renders safe values only.

import { utf8AsLatin1 } from '../../base/latin1.ts';
import { parseTemplate } from '../../base/template.ts';
import type { Exchange } from '../../exchange/exchange.ts';

type Reader = (exchange: Exchange) => string;

/** Variables without a parameter, by name. config.ts documents the names and values. */
export const plainReaders: Readonly<Record<string, Reader>> = {
  requestId: exchange => exchange.requestId,
  'client.ip': exchange => exchange.client.ip,
  scheme: exchange => exchange.client.scheme,
  method: exchange => exchange.request.method,
  host: exchange => exchange.request.host,
  path: exchange => exchange.request.path,
  query: exchange => exchange.request.query,
  route: exchange => utf8AsLatin1(exchange.routeName),
  consumer: exchange => utf8AsLatin1(exchange.consumer?.name ?? ''),
};

/** Variables that are followed by a dot and a name. */
export const namedReaders: Readonly<Record<string, (name: string) => Reader>> = {
  param: name => exchange => utf8AsLatin1(exchange.param(name) ?? ''),
  header: name => {
    const lowerName = name.toLowerCase();
    return exchange => exchange.request.headers.get(lowerName) ?? '';
  },
  cookie: name => exchange => exchange.cookie(name) ?? '',
  tag:
    name =>
    ({ consumer }) =>
      consumer !== null && Object.hasOwn(consumer.tags, name) ? utf8AsLatin1(consumer.tags[name]!) : '',
};

const control = /[\0-\x08\x0a-\x1f\x7f]/;
const controls = /[\0-\x08\x0a-\x1f\x7f]/g;

/** A parsed template whose variables are resolved to readers. */
export class Template {
  /** Fixed texts and variables, in order. */
  private readonly parts: readonly (string | Reader)[];

  /** Throws a TypeError when the template is malformed or names an unknown variable. */
  constructor(template: string) {
    this.parts = parseTemplate(template).map(part =>
      'text' in part ? utf8AsLatin1(part.text) : readerOf(part.variable),
    );
  }

  /** The value as latin1 text of its bytes, safe in a head: control bytes are replaced by spaces. */
  render(exchange: Exchange): string {
    const { parts } = this;
    let value = '';
    let varies = false;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      if (typeof part === 'string') value += part;
      else {
        value += part(exchange);
        varies = true;
      }
    }
    // Because: a decoded parameter may contain any character, and a line end in a value would start another field.
    return varies && control.test(value) ? value.replace(controls, ' ') : value;
  }
}

function readerOf(variable: string): Reader {
  const plain = Object.hasOwn(plainReaders, variable) ? plainReaders[variable] : undefined;
  if (plain !== undefined) return plain;
  const dotAt = variable.indexOf('.');
  const kind = variable.slice(0, dotAt);
  const named = Object.hasOwn(namedReaders, kind) ? namedReaders[kind] : undefined;
  if (dotAt < 1 || named === undefined) {
    const known = [...Object.keys(plainReaders), ...Object.keys(namedReaders).map(name => `${name}.NAME`)];
    throw new TypeError(
      `there is no variable \${${variable}}; known are ${known.map(name => `\${${name}}`).join(' ')}`,
    );
  }
  return named(variable.slice(dotAt + 1));
}
