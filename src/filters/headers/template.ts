// A header value with places for what an exchange knows, read once and rendered for every exchange. Renders safe values only.

import { utf8AsLatin1 } from '../../base/latin1.ts';
import { parseTemplate } from '../../base/template.ts';
import type { Exchange } from '../../exchange/exchange.ts';

type Reader = (exchange: Exchange) => string;

/** Variables by name. Names and values are those that config.ts documents. */
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

/** Variables with a name behind the dot. */
export const namedReaders: Readonly<Record<string, (name: string) => Reader>> = {
  param: name => exchange => utf8AsLatin1(exchange.param(name) ?? ''),
  header: name => {
    const lowerName = name.toLowerCase();
    return exchange => exchange.request.headers.get(lowerName) ?? '';
  },
  cookie: name => exchange => exchange.cookie(name) ?? '',
};

const control = /[\0-\x08\x0a-\x1f\x7f]/;
const controls = /[\0-\x08\x0a-\x1f\x7f]/g;

/** A value with its variables found. */
export class Template {
  /** Fixed text and variables in order. */
  private readonly parts: readonly (string | Reader)[];

  /** Throws a TypeError when the template is malformed or names an unknown variable. */
  constructor(template: string) {
    this.parts = parseTemplate(template).map(part =>
      'text' in part ? utf8AsLatin1(part.text) : readerOf(part.variable),
    );
  }

  /** The value as bytes (latin1) that can stand in a head: control bytes have become spaces. */
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
    // Because: a decoded parameter may hold any letter, and a line end in a value would begin another field.
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
