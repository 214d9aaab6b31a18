// Conditions of a route besides host, path and method: on headers, query, cookies and fields of a JSON body. Each can describe itself.

import { cookiePairs } from '../http/cookies.ts';
import { queryPairs } from '../http/query.ts';
import type { BodyMatch } from './match.ts';
import type { Routable } from './routable.ts';
import { describeMatch, type ValueCheck } from './value-check.ts';

export interface Condition {
  /** The condition in words, for `cardea explain`: `header x-beta is present`. */
  readonly text: string;
  matches(request: Routable): boolean;
}

/** A condition on the values under a name. */
abstract class NamedCondition implements Condition {
  readonly text: string;
  protected readonly name: string;
  protected readonly test: ValueCheck;

  /** `kind` is what has the name, in words. */
  constructor(kind: string, name: string, test: ValueCheck) {
    this.name = name;
    this.test = test;
    this.text = `${kind} ${name} ${describeMatch(test.match)}`;
  }

  abstract matches(request: Routable): boolean;
}

export class HeaderCondition extends NamedCondition {
  constructor(name: string, test: ValueCheck) {
    super('header', name, test);
  }

  /** Of several fields with this name, one that satisfies the condition is enough. */
  override matches(request: Routable): boolean {
    const { test } = this;
    const first = request.headers.get(this.name);
    if (first === undefined) return test.absent;
    if (test.test(first)) return true;
    return !test.absent && request.headers.getAll(this.name).some(value => test.test(value));
  }
}

export class QueryCondition extends NamedCondition {
  constructor(name: string, test: ValueCheck) {
    super('query parameter', name, test);
  }

  override matches(request: Routable): boolean {
    return anyPair(request.query === '' ? noPairs : queryPairs(request.query), this.name, this.test);
  }
}

export class CookieCondition extends NamedCondition {
  constructor(name: string, test: ValueCheck) {
    super('cookie', name, test);
  }

  /** Reads all Cookie fields: HTTP/2 clients may send several (RFC 9113 section 8.2.3). */
  override matches(request: Routable): boolean {
    if (!request.headers.has('cookie')) return this.test.absent;
    return anyPair(request.headers.getAll('cookie').flatMap(cookiePairs), this.name, this.test);
  }
}

export class BodyCondition implements Condition {
  readonly text: string;
  private readonly path: readonly (string | number)[];
  private readonly test: ValueCheck | null;
  private readonly scalar: string | number | boolean | null;

  /** `test` is null exactly when the match is a scalar. */
  constructor({ path, match }: BodyMatch, test: ValueCheck | null) {
    this.path = path;
    this.test = test;
    this.scalar = match.kind === 'scalar' ? match.value : null;
    this.text = `body field ${bodyPathText(path)} ${describeMatch(match)}`;
  }

  matches(request: Routable): boolean {
    const field = fieldAt(request.body, this.path);
    const { test } = this;
    if (test === null) return field === this.scalar;
    if (field === undefined) return test.absent;
    if (test.match.kind === 'present' || test.absent) return !test.absent;
    return typeof field !== 'object' && test.test(String(field));
  }
}

/** A body path as written in the configuration: `$.a.b[0]`. */
export function bodyPathText(path: BodyMatch['path']): string {
  return `$${path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;
}

const noPairs: readonly string[] = [];

function anyPair(pairs: readonly string[], name: string, test: ValueCheck): boolean {
  let there = false;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== name) continue;
    if (test.test(pairs[i + 1]!)) return true;
    there = true;
  }
  return test.absent && !there;
}

/** The field at `path`; undefined when it is missing. Only own properties count: `$.constructor` exists only if the client sent it. */
function fieldAt(body: unknown, path: readonly (string | number)[]): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) !== (typeof step === 'number') || !Object.hasOwn(value, step)) return undefined;
    // Because: objects made by JSON.parse have string keys and arrays have indexes; the line above has checked which it is.
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
