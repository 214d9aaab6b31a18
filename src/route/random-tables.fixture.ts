// For tests: random routes and requests over alphabets so small that requests often match several routes.

import fc from 'fast-check';
import { Headers } from '../http/headers.ts';
import type { MatchSpec, NamedMatch, ValueMatch } from './match.ts';
import type { Routable } from './routable.ts';

/** Hosts and words that both routes and requests are generated from. */
const hosts = ['a.com', 'x.a.com', 'y.x.a.com', 'b.com', 'com'];
const hostPatterns = [...hosts, '*.a.com', '*.x.a.com', '*.com', '*'];
const words = ['a', 'b', 'cc'];

const segment = fc.constantFrom(...words);
const pathSegments = fc.array(
  fc.oneof({ weight: 3, arbitrary: segment }, { weight: 2, arbitrary: fc.constant('{}') }),
  {
    maxLength: 3,
  },
);
const regexes = ['~/a/.*', '~/(?:a|b)(?:/[a-z]+)*', '~/cc?', '~.*b'];

function named(segments: string[]): string[] {
  return segments.map((each, i) => (each === '{}' ? `{p${'qrs'[i]}}` : each));
}

const pathPattern: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(pathSegments, fc.constantFrom('', '', '/*', '/{rest*}', '/')).map(([s, end]) => {
      const path = s.length === 0 ? end : `/${named(s).join('/')}${end}`;
      return path === '' ? '/' : path;
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(...regexes) },
);

const valueMatch: fc.Arbitrary<ValueMatch> = fc.oneof(
  fc.constantFrom('1', '2').map(value => ({ kind: 'exact' as const, value })),
  fc.constantFrom('[12]', '1+').map(source => ({ kind: 'regex' as const, source })),
  fc.constantFrom({ kind: 'present' as const }, { kind: 'absent' as const }),
);

function conditions(name: string): fc.Arbitrary<NamedMatch[]> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant<NamedMatch[]>([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ name: fc.constantFrom(name, `${name}2`), match: valueMatch }), { maxLength: 2 }),
    },
  );
}

const listenerNames = ['public', 'internal', 'partners'];
const blocks = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '0.0.0.0/0', '192.168.0.0/16', '::/0'];

/** Mostly absent, as in most configurations. */
function someOf(names: readonly string[]): fc.Arbitrary<readonly string[] | undefined> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.subarray([...names], { minLength: 1, maxLength: 2 }) },
  );
}

export const methodNames = ['GET', 'POST', 'HEAD', 'PURGE'];

export const matchSpec: fc.Arbitrary<MatchSpec> = fc.record({
  hosts: fc.oneof(fc.constant([]), fc.array(fc.constantFrom(...hostPatterns), { maxLength: 2 })),
  path: pathPattern,
  methods: fc.subarray(methodNames, { maxLength: 2 }),
  headers: conditions('x-h'),
  query: conditions('q'),
  cookies: conditions('c'),
  body: fc.oneof(
    { weight: 8, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          path: fc.constant(['type']),
          match: fc.oneof(
            valueMatch,
            fc.constantFrom(1, true, 'x').map(value => ({ kind: 'scalar' as const, value })),
          ),
        }),
        { maxLength: 1 },
      ),
    },
  ),
  listeners: someOf(listenerNames),
  clients: someOf(blocks),
});

const twoNames = (name: string) =>
  fc.array(fc.tuple(fc.constantFrom(name, `${name}2`), fc.constantFrom('1', '2', '11')), { maxLength: 3 });

export const routable: fc.Arbitrary<Routable & { body: unknown }> = fc
  .record({
    method: fc.constantFrom(...methodNames, 'DELETE'),
    host: fc.constantFrom(...hosts, 'z.a.com', 'other'),
    path: fc
      .array(fc.constantFrom(...words, 'ccc', ''), { minLength: 1, maxLength: 4 })
      .map(each => `/${each.join('/')}`),
    query: twoNames('q').map(pairs => pairs.map(pair => pair.join('=')).join('&')),
    headers: twoNames('x-h'),
    cookies: twoNames('c').map(pairs => pairs.map(pair => pair.join('=')).join('; ')),
    body: fc.constantFrom(null, {}, { type: 1 }, { type: '1' }, { type: true }, { type: 'x' }, { type: '2' }),
    arrival: fc.record({
      listener: fc.constantFrom(...listenerNames, ''),
      client: fc.constantFrom('10.1.2.3', '10.1.9.9', '10.200.0.1', '192.168.1.1', '8.8.8.8', '2001:db8::1'),
    }),
  })
  .map(({ headers, cookies, ...rest }) => ({
    ...rest,
    headers: Headers.from(cookies === '' ? headers : [...headers, ['cookie', cookies]]),
  }));
