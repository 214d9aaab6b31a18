// Fields removed, set, added and appended in both directions, and what a template can and cannot put into them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { filterServices } from '../../../test/support/filter-services.ts';
import { namedVariables, placeProblems, plainVariables, schema } from './config.ts';
import { headersFilter } from './filter.ts';
import { namedReaders, plainReaders, Template } from './template.ts';

interface TestContext {
  after(fn: () => Promise<void>): void;
}

/** A gateway with these changes. Its backend responds with two X-Kept and one X-Old, and records the headers that it receives. */
async function start(t: TestContext, config: unknown, path = '/*') {
  let rawHeaders: string[] = [];
  const gateway = await startFilterGateway(
    [written(headersFilter, schema, config)],
    (request, response) => {
      rawHeaders = request.rawHeaders;
      response.setHeader('X-Kept', ['1', '2']);
      response.setHeader('X-Old', 'old');
      response.end();
    },
    { path },
  );
  t.after(() => gateway.stop());
  const upstream = (name: string) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name.toLowerCase());
  return { port: gateway.port, upstream };
}

test('the request: remove, set, add, append', async t => {
  const { port, upstream } = await start(t, {
    request: {
      remove: ['X-Gone'],
      set: { 'X-Set': 'new' },
      add: { 'X-There': 'no', 'X-Absent': 'yes' },
      append: { 'X-More': 'b' },
    },
  });
  await ask(port, {
    headers: { 'x-gone': ['1', '2'], 'x-set': ['1', '2'], 'x-there': 'mine', 'x-more': 'a', 'x-else': 'e' },
  });
  assert.deepEqual(upstream('x-gone'), []);
  assert.deepEqual(upstream('x-set'), ['new']);
  assert.deepEqual(upstream('x-there'), ['mine']);
  assert.deepEqual(upstream('x-absent'), ['yes']);
  assert.deepEqual(upstream('x-more'), ['a', 'b']);
  assert.deepEqual(upstream('x-else'), ['e']);
});

test('what is removed or set comes through in no other spelling that a service may read as the same name', async t => {
  const { port, upstream } = await start(t, {
    request: { remove: ['X-Internal-Role'], set: { 'X-Trusted': '${client.ip}', 'X-Trusted-By': 'gateway' } },
  });
  const spellings = [
    'X_Internal_Role',
    'x-internal_role',
    'X.Internal.Role',
    'X_Trusted',
    'X_TRUSTED_BY',
    'X-Trusted-By',
  ];
  await ask(port, { headers: { ...Object.fromEntries(spellings.map(name => [name, 'forged'])), X_Internal: '1' } });
  for (const name of spellings.slice(0, 5)) assert.deepEqual(upstream(name), [], name);
  assert.deepEqual([upstream('x-trusted'), upstream('x-trusted-by')], [['127.0.0.1'], ['gateway']]);
  assert.deepEqual(upstream('x_internal'), ['1'], 'another name');
});

test('the answer: remove, set, add, append, also on refusals', async t => {
  const { port } = await start(t, {
    response: {
      remove: ['x-old', 'date'],
      set: { 'X-Kept': '3' },
      add: { 'X-Kept': '4', Server: 'cardea' },
      append: { 'Set-Cookie': 'a=1' },
    },
  });
  const answer = await ask(port);
  assert.deepEqual(valuesOf(answer, 'x-old'), []);
  assert.deepEqual(valuesOf(answer, 'x-kept'), ['3']);
  assert.deepEqual(valuesOf(answer, 'server'), ['cardea']);
  assert.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1']);
});

test('templates know the exchange', async t => {
  const variables = [...plainVariables, 'param.id', 'param.none', 'header.X-Color', 'cookie.group'];
  const set = Object.fromEntries(variables.map(variable => [`x-${variable.replace('.', '-')}`, `<\${${variable}}>`]));
  const { port, upstream } = await start(t, { request: { set } }, '/items/{id}');
  await ask(port, {
    method: 'PUT',
    path: '/items/caf%C3%A9?a=1',
    headers: { host: 'Shop.example.com:8080', 'x-color': 'r\xe9d', cookie: 'x=1; group=canary' },
  });
  const bytes = (name: string) => upstream(name)[0];
  assert.match(bytes('x-requestId') ?? '', /^<[0-9a-f]{32}>$/);
  assert.equal(bytes('x-client-ip'), '<127.0.0.1>');
  assert.equal(bytes('x-scheme'), '<http>');
  assert.equal(bytes('x-method'), '<PUT>');
  assert.equal(bytes('x-host'), '<shop.example.com>');
  assert.equal(bytes('x-path'), '</items/caf%C3%A9>');
  assert.equal(bytes('x-query'), '<a=1>');
  assert.equal(bytes('x-route'), '<test>');
  assert.equal(bytes('x-consumer'), '<>');
  assert.equal(bytes('x-param-none'), '<>');
  assert.equal(bytes('x-cookie-group'), '<canary>');
  assert.equal(bytes('x-header-X-Color'), '<r\xe9d>');
  assert.equal(bytes('x-param-id'), `<${Buffer.from('café').toString('latin1')}>`);
});

test('a tag of the consumer is filled in; without it, or without a consumer, there is nothing', () => {
  // Because: the reader looks at the consumer only.
  const render = (consumer: object | null) => new Template('<${tag.customId}>').render({ consumer } as never);
  assert.equal(render({ tags: { customId: 'é42' } }), `<${Buffer.from('é42').toString('latin1')}>`);
  for (const tags of [{}, { customid: '42' }, Object.create({ customId: '42' })]) assert.equal(render({ tags }), '<>');
  assert.equal(render(null), '<>');
});

test('the id in a template is the id that goes upstream', async t => {
  const { port, upstream } = await start(t, { request: { set: { 'x-copy': '${requestId}' } } });
  await ask(port);
  assert.deepEqual(upstream('x-copy'), upstream('x-request-id'));
});

test('a parameter cannot begin another field', async t => {
  const { port, upstream } = await start(
    t,
    { request: { set: { 'x-name': '${param.name}' } }, response: { set: { 'x-name': '${param.name}' } } },
    '/{name}',
  );
  const answer = await ask(port, { path: '/a%C2%85X-Evil:%201' });
  assert.deepEqual(upstream('x-evil'), []);
  assert.equal(upstream('x-name')[0], 'a\xc2\x85X-Evil: 1');
  const refused = await ask(port, { path: '/a%0D%0AX-Evil:%201' });
  assert.equal(refused.status, 400);
  assert.equal(valuesOf(answer, 'x-evil').length, 0);
});

test('no template and no input makes a control byte', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 20, size: 'max' });
  const filter = headersFilter.build(
    schema.parse({ request: { set: { 'x-a': 'x${param.a}${consumer}y' } } }),
    filterServices(),
  );
  fc.assert(
    fc.property(anyText, anyText, (param, consumer) => {
      let value = '';
      const headers = {
        remove: () => {},
        removeNamed: () => {},
        appendTrusted: (_: string, text: string) => (value = text),
      };
      // Because: these are the few members that this template reads; everything else would be noise here.
      const exchange = { param: () => param, consumer, request: { headers } } as never;
      void filter.onRequest!(exchange);
      assert.match(value, /^x[\t\x20-\x7e\x80-\xff]*y$/);
    }),
  );
});

test('an empty value sets and adds nothing, and removes what set would replace', async t => {
  const { port, upstream } = await start(t, {
    request: { set: { 'x-user': '${header.x-none}' }, append: { 'x-more': '${cookie.none}' } },
  });
  await ask(port, { headers: { 'x-user': 'forged', 'x-more': 'a' } });
  assert.deepEqual(upstream('x-user'), []);
  assert.deepEqual(upstream('x-more'), ['a']);
});

test('a header may be set from its own old value; two dollars stand for the letters', async t => {
  const { port, upstream } = await start(t, {
    request: { set: { 'x-a': '${header.x-a}, ü $${header.x-a}' } },
  });
  await ask(port, { headers: { 'x-a': 'old' } });
  assert.deepEqual(upstream('x-a'), [`old, ${Buffer.from('ü').toString('latin1')} \${header.x-a}`]);
});

test('what cannot work is refused, with the reason and where', () => {
  const issueOf = (config: unknown) => {
    const issue = schema.safeParse(config).error?.issues[0];
    return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
  };
  for (const field of [
    'Connection',
    'transfer-encoding',
    'Content-Length',
    'te',
    'Trailer',
    'upgrade',
    'keep-alive',
    'proxy-connection',
    'host',
  ]) {
    assert.match(issueOf({ request: { set: { [field]: 'x' } } }), /cannot be changed/, field);
    assert.match(issueOf({ response: { append: { [field]: 'x' } } }), /cannot be changed/, field);
    assert.match(issueOf({ request: { remove: [field] } }), /^request\.remove\.0: .* cannot be changed/, field);
  }
  assert.match(issueOf({ request: { set: { host: 'x' } } }), /rewrite/);
  assert.match(issueOf({ request: { set: { 'x-request-id': 'x' } } }), /requestId filter/);
  assert.match(issueOf({ request: { add: { 'X-Forwarded-For': 'x' } } }), /gateway writes it/);
  assert.equal(issueOf({ request: { remove: ['x-forwarded-for'] } }), 'accepted');
  assert.match(
    issueOf({ request: { set: { 'x-a': '${user}' } } }),
    /^request\.set\.x-a: there is no variable \$\{user\}; known are .*\$\{param\.NAME\}/,
  );
  assert.match(issueOf({ request: { set: { 'x-a': '${param.}' } } }), /no variable/);
  assert.match(issueOf({ request: { set: { 'x-a': '${requestId' } } }), /not closed/);
  assert.match(issueOf({ request: { set: { 'x-a': 'a\r\nb' } } }), /control/);
  assert.match(issueOf({ request: { set: { 'x a': 'b' } } }), /not a header name/);
  assert.match(issueOf({ request: { set: { 'x-a': 'b', 'X-A': 'c' } } }), /twice/);
  assert.match(issueOf({ request: { put: {} } }), /put/);
});

test('the schema and the templates know the same variables', () => {
  assert.deepEqual(Object.keys(plainReaders), plainVariables);
  assert.deepEqual(Object.keys(namedReaders), namedVariables);
  const build = (value: string) =>
    headersFilter.build(
      {
        request: { set: { a: value }, add: {}, append: {}, remove: [] },
        response: { set: {}, add: {}, append: {}, remove: [] },
      },
      filterServices(),
    );
  assert.throws(() => build('${toString}'), { name: 'TypeError', message: /known are/ });
  assert.throws(() => build('${constructor.x}'), TypeError);
});

test('a filter that changes nothing has no hooks', () => {
  assert.deepEqual(Object.keys(headersFilter.build(schema.parse({}), filterServices())), []);
});

test('places that are never filled in are told', () => {
  const told = (template: string, pathParameters: readonly string[] | null = ['id']) =>
    placeProblems(schema.parse({ response: { append: { 'x-a': template } } }), { pathParameters }).map(
      ({ path, message, severity }) => `${severity} ${path.join('.')}: ${message}`,
    );
  assert.deepEqual(told('https://{host}/'), [
    'warning response.append.x-a: {host} is sent literally: write ${host} to have it replaced',
  ]);
  assert.match(told('{client.ip}')[0] ?? '', /write \$\{client\.ip\}/);
  assert.match(told('{id}')[0] ?? '', /write \$\{param\.id\}/);
  assert.match(told('${param.idd}')[0] ?? '', /always empty: the route's path has no \{idd\}/);
  for (const meant of ['${host}', '$${host}', '{"group":"csp"}', '{name}', '${param.id}'])
    assert.deepEqual(told(meant), []);
  assert.deepEqual(told('{id} ${param.id}', null), []);
  assert.match(told('$remote_addr', null)[0] ?? '', /\$remote_addr is sent literally: write \$\{client\.ip\}/);
  assert.match(told('%REQ(X-Tenant)%')[0] ?? '', /write \$\{header\.x-tenant\}/);
  assert.match(told('$server_port')[0] ?? '', /no variable here; known are \$\{requestId\}/);
});
