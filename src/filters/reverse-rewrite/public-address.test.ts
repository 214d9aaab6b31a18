// What an upstream says of itself, and what a client gets to see of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { publicCookie, publicReference, type Sides } from './public-address.ts';

const sides: Sides = {
  scheme: 'https',
  asked: 'api.example.com',
  own: ['users.internal', '10.0.0.1:8080', '[fd00::1]:8080'],
  prefix: '/api',
};

function check(cases: Readonly<Record<string, string>>, turn: (text: string) => string): void {
  for (const [said, expected] of Object.entries(cases)) assert.equal(turn(said), expected, said);
}

test('the host of the upstream goes, and the prefix comes back', () => {
  check(
    {
      'http://users.internal/users/7?a=b#c': '/api/users/7?a=b#c',
      'http://users.internal:80/x': '/api/x',
      'https://USERS.internal:443/x': '/api/x',
      'http://10.0.0.1:8080': '/api/',
      'http://10.0.0.1:8080?a': '/api/?a',
      'http://[FD00::1]:8080/x': '/api/x',
      '//users.internal/x': '/api/x',
      '/users/7': '/api/users/7',
      '/': '/api/',
    },
    said => publicReference(said, sides),
  );
});

test('addresses of others, and references relative to the request, stay as they are', () => {
  const others = [
    ...['http://10.0.0.1/x', 'http://10.0.0.1:8081/x', 'https://users.internal:80/x', 'https://idp.example.com/login'],
    ...[
      'https://user@users.internal/x',
      '//elsewhere/x',
      'ftp://users.internal/x',
      'users/7',
      '../7',
      '?page=2',
      '#top',
      '',
    ],
    'mailto:me@users.internal',
  ];
  check(Object.fromEntries(others.map(said => [said, said])), said => publicReference(said, sides));
});

test('an upstream that was sent the host of the client may name it, with the prefix or without', () => {
  check(
    {
      'http://api.example.com/users/7': '/api/users/7',
      'https://api.example.com/api/users/7': '/api/users/7',
      'https://api.example.com/apix': '/api/apix',
      'https://api.example.com/api': '/api',
      'https://api.example.com:8443/x': 'https://api.example.com:8443/x',
    },
    said => publicReference(said, sides),
  );
});

test('a client in plain text that is sent to TLS gets there', () => {
  const plain: Sides = { ...sides, scheme: 'http' };
  assert.equal(publicReference('https://api.example.com/x', plain), 'https://api.example.com/api/x');
  assert.equal(publicReference('http://api.example.com/x', plain), '/api/x');
  assert.equal(publicReference('https://users.internal/x', plain), '/api/x');
});

test('without a prefix and without a Host only the upstream counts', () => {
  const bare: Sides = { ...sides, asked: '', prefix: '' };
  check(
    {
      'http://users.internal/x': '/x',
      '/x': '/x',
      'http:///x': 'http:///x',
      'http://api.example.com/x': 'http://api.example.com/x',
    },
    said => publicReference(said, bare),
  );
});

test('what is turned back never leads to another site', () => {
  const odd = fc.string({
    unit: fc.constantFrom('/', '\\', '\t', ' ', '@', ':', '?', '#', '.', 'a', '%2F'),
    maxLength: 12,
    size: 'max',
  });
  fc.assert(
    fc.property(
      odd,
      fc.constantFrom('', '/api'),
      fc.constantFrom('http://users.internal/', '//users.internal/'),
      (rest, prefix, own) => {
        const said = publicReference(own + rest, { ...sides, prefix });
        const { origin } = new URL(said, 'https://api.example.com/api/here');
        assert.equal(origin, 'https://api.example.com', JSON.stringify(said));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('cookies: the domain of the upstream goes, a path below its root gets the prefix', () => {
  check(
    {
      'a=b; Path=/admin; HttpOnly': 'a=b; Path=/api/admin; HttpOnly',
      'a=b; Path=/': 'a=b; Path=/',
      '__Host-a=b; Path=/; Secure': '__Host-a=b; Path=/; Secure',
      'a=b;path = /admin ;Secure': 'a=b; Path=/api/admin;Secure',
      'a=b; Domain=users.internal; Secure': 'a=b; Secure',
      'a=b; Domain=.internal': 'a=b',
      'a=b; Domain=example.com': 'a=b; Domain=example.com',
      'a=b; Domain=api.example.com': 'a=b; Domain=api.example.com',
      'a=b; Domain=elsewhere.org': 'a=b; Domain=elsewhere.org',
      'Path=/x; Max-Age=1': 'Path=/x; Max-Age=1',
      '': '',
    },
    said => publicCookie(said, sides),
  );
});
