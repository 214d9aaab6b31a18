// Paths that filters serve themselves have to be matched by a route that has the filter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { languageOf } from '../language.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';
import { checkDocument } from './check-document.ts';
import { checkOwnPaths } from './check-own-paths.ts';

const any = z.strictObject({});
const otherwise = 'nobody comes back';
const filters: readonly FilterSchema[] = [
  {
    name: 'login',
    schema: any,
    identifies: true,
    ownPaths: () => [{ path: '/oidc/callback', method: 'GET', place: ['paths'], otherwise }],
  },
  { name: 'other', schema: any, identifies: true },
  { name: 'either', schema: z.array(z.unknown()), nests: true },
];

const login = { login: {} };
const told = 'no route with login takes GET /oidc/callback: nobody comes back';

/** `path: message` of each problem with these routes, each given by its match and its filters. */
function problems(routes: readonly (readonly [match: object, chain: readonly object[]])[], global: object[] = []) {
  const document = {
    listeners: [{ address: '127.0.0.1:8080' }],
    upstreams: { users: { endpoints: ['http://10.0.0.1:8080'] } },
    filters: global,
    routes: routes.map(([match, chain], at) => ({ name: `r${at}`, match, to: 'users', filters: chain })),
  };
  const { parts, problems: own } = checkDocument(document, languageOf(filters), new Map());
  assert.deepEqual(own, []);
  return checkOwnPaths(parts, filters).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a path that no route with the filter takes is told once, where the filter stands first', () => {
  const at = (place: string) => [`${place}.login.paths: ${told}`];
  assert.deepEqual(problems([[{ path: '/app/*' }, [login]]]), at('routes.0.filters.0'));
  assert.deepEqual(
    problems([
      [{ path: '/app/*' }, [{ other: {} }, login]],
      [{ path: '/oidc' }, [login]],
    ]),
    at('routes.0.filters.1'),
  );
  assert.deepEqual(problems([[{ path: '/app/*' }, []]], [login]), at('filters.0'));
  assert.deepEqual(
    problems([[{ path: '/app' }, [{ either: [{ other: {} }, login] }]]]),
    at('routes.0.filters.0.either.1'),
  );
});

test('another filter’s route and another method do not serve it', () => {
  const app = [{ path: '/app/*' }, [login]] as const;
  assert.equal(problems([app, [{ path: '/oidc/*' }, [{ other: {} }]]]).length, 1);
  assert.equal(problems([app, [{ path: '/oidc/*', methods: ['POST'] }, [login]]]).length, 1);
  assert.equal(problems([app, [{ path: '/oidc/{x}/y' }, [login]]]).length, 1);
});

test('every manner of writing a route that takes it is seen, on one route for all', () => {
  for (const path of ['/*', '/oidc/*', '/oidc/callback', '/oidc/callback/*', '/{a}/callback', '/oidc/{rest*}', '~/o.*'])
    assert.deepEqual(
      problems([
        [{ path: '/app/*' }, [login]],
        [{ path, methods: ['GET'] }, [{ either: [{ other: {} }, login] }]],
      ]),
      [],
      path,
    );
  assert.deepEqual(problems([[{ path: '/oidc/*' }, []]], [login]), []);
  assert.deepEqual(problems([[{ path: '/app/*' }, [{ other: {} }]]]), []);
});
