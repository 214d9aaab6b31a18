// Paths that a router and a backend could resolve differently: /public is forwarded, /admin is denied.

import { head, passed, refused, type SmugglingCase } from '../smuggling-case.ts';

const refusedPaths: readonly [string, string][] = [
  ['encoded slash', '/public/..%2fadmin/{id}'],
  ['encoded slash in capitals', '/public/..%2Fadmin/{id}'],
  ['encoded slash in front of dots', '/public%2f..%2fadmin/{id}'],
  ['encoded dots and slash', '/public/%2e%2e%2fadmin/{id}'],
  ['encoded backslash', '/public/..%5cadmin/{id}'],
  ['encoded backslash in capitals', '/public/..%5Cadmin/{id}'],
  ['backslash', '/public/..\\admin/{id}'],
  ['backslashes only', '\\admin\\{id}'],
  ['encoded NUL', '/public/{id}%00/../../admin'],
  ['encoded NUL behind the denied name', '/public/../admin%00/{id}'],
  ['encoded line end', '/public/{id}%0d%0aX-A:%20b'],
  ['encoded LF', '/public/{id}%0a/../admin'],
  ['encoded tab', '/public/%09/../../admin/{id}'],
  ['encoded DEL', '/public/{id}%7f'],
  ['two slashes', '/public//admin/{id}'],
  ['two slashes in front', '//admin/{id}'],
  ['two slashes in front of dots', '/public//../admin/{id}'],
  ['a host in front', '//gateway.test/admin/{id}'],
  ['dots with a parameter', '/public/..;/admin/{id}'],
  ['dots with a named parameter', '/public/..;a=b/admin/{id}'],
  ['encoded dots with a parameter', '/public/%2e%2e;/admin/{id}'],
  ['one dot with a parameter', '/public/.;/../admin/{id}'],
  ['dots with an encoded semicolon', '/public/..%3b/admin/{id}'],
  ['encoded dots with an encoded semicolon', '/public/%2e%2e%3B/admin/{id}'],
  ['above the root', '/../admin/{id}'],
  ['above the root, later', '/public/../../admin/{id}'],
  ['above the root, encoded', '/%2e%2e/admin/{id}'],
  ['half an escape', '/public/{id}%2'],
  ['an escape without digits', '/public/%zz/{id}'],
  ['a percent sign at the end', '/public/{id}%'],
  ['an escape as in JavaScript', '/public/%u002e%u002e/admin/{id}'],
];

const deniedPaths: readonly [string, string][] = [
  ['plain', '/admin/{id}'],
  ['dots', '/public/../admin/{id}'],
  ['encoded dots', '/public/%2e%2e/admin/{id}'],
  ['encoded dots in capitals', '/public/%2E%2E/admin/{id}'],
  ['half encoded dots', '/public/.%2e/admin/{id}'],
  ['half encoded dots, the other half', '/public/%2e./admin/{id}'],
  ['a dot in between', '/public/./../admin/{id}'],
  ['an encoded dot in between', '/public/%2e/../admin/{id}'],
  ['a detour', '/public/a/b/../../../admin/{id}'],
  ['an encoded letter', '/%61dmin/{id}'],
  ['all letters encoded', '/%61%64%6d%69%6e/{id}'],
  ['a parameter on the way', '/public;a=b/../admin/{id}'],
  ['a query behind', '/public/../admin/{id}?/public/'],
  ['an encoded question mark on the way', '/public/a%3f/../../admin/{id}'],
  ['an encoded number sign on the way', '/public/a%23/../../admin/{id}'],
  ['a dot in front', '/./admin/{id}'],
  ['an encoded dot in front', '/%2e/admin/{id}'],
];

const passedPaths: readonly [string, string, string][] = [
  ['plain', '/public/{id}', '/public/{id}'],
  ['dots that stay below', '/public/a/../{id}', '/public/{id}'],
  ['an encoded dot', '/public/%2e/{id}', '/public/{id}'],
  ['an encoded letter', '/%70ublic/{id}', '/public/{id}'],
  ['dots in the query', '/public/{id}?a=/../../admin', '/public/{id}'],
  ['encoded slashes in the query', '/public/{id}?a=..%2f..%2fadmin%00', '/public/{id}'],
  ['three dots', '/public/.../{id}', '/public/.../{id}'],
  ['a name that begins with dots', '/public/..{id}', '/public/..{id}'],
  ['the denied name below', '/public/admin/{id}', '/public/admin/{id}'],
  ['a denied name through dots', '/admin/../public/{id}', '/public/{id}'],
];

const kept: readonly [string, string][] = [
  ['twice encoded dots', '/public/%252e%252e/admin/{id}'],
  ['twice encoded slash', '/public/..%252fadmin/{id}'],
  ['overlong dots', '/public/%c0%ae%c0%ae/admin/{id}'],
  ['overlong slash', '/public/..%c0%afadmin/{id}'],
  ['full-width slash', '/public/..%ef%bc%8fadmin/{id}'],
];

export const pathCases: readonly SmugglingCase[] = [
  ...refusedPaths.map(([name, path]) => refused(`path refused: ${name}`, head(`GET ${path} HTTP/1.1`))),
  ...deniedPaths.map(([name, path]) => refused(`path denied: ${name}`, head(`GET ${path} HTTP/1.1`), 403)),
  ...passedPaths.map(([name, path, seen]) =>
    passed(`path passed: ${name}`, head(`GET ${path} HTTP/1.1`), { path: seen }),
  ),
  ...kept.map(
    ([name, path]): SmugglingCase => ({
      name: `path kept as it is or refused: ${name}`,
      request: head(`GET ${path} HTTP/1.1`),
      status: [200, 400],
      forwarded: 1,
    }),
  ),
  refused('path in another case', head('GET /ADMIN/{id} HTTP/1.1'), [403, 404]),
  refused('path unknown', head('GET /other/{id} HTTP/1.1'), 404),
  refused('path of 100 KiB', head(`GET /public/{id}/${'a'.repeat(100_000)} HTTP/1.1`), [400, 414, 431]),
];
