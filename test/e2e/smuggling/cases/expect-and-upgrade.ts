// Expect and Upgrade: a body that may or may not be sent, and a connection that may or may not stay HTTP.

import { head, hidden, passed, post, refused, type SmugglingCase } from '../smuggling-case.ts';

export const expectAndUpgradeCases: readonly SmugglingCase[] = [
  refused('Expect: something else', post(['Expect: 200-ok', 'Content-Length: 5'], `hello${hidden}`), 417),
  refused(
    'Expect: twice',
    post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], `hello${hidden}`),
    [400, 417],
  ),
  refused('Expect: a list', post(['Expect: 100-continue, x', 'Content-Length: 5'], `hello${hidden}`), 417),
  refused('Expect: empty', post(['Expect: ', 'Content-Length: 5'], `hello${hidden}`), [400, 417]),
  refused('Expect: with a parameter', post(['Expect: 100-continue;a=b', 'Content-Length: 5'], `hello${hidden}`), 417),
  refused('Expect: with NUL', post(['Expect: 100-continue\x00', 'Content-Length: 5'], `hello${hidden}`), [400, 417]),
  passed('Expect: 100-continue, the body at once', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello')),
  passed('Expect: 100-continue in capitals', post(['Expect: 100-CONTINUE', 'Content-Length: 5'], 'hello')),
  passed(
    'Expect: 100-continue without a body (CL.0 desync)',
    head('GET /public/{id} HTTP/1.1', 'Expect: 100-continue'),
  ),
  passed('Expect: 100-continue with Content-Length: 0', post(['Expect: 100-continue', 'Content-Length: 0'], '')),
  passed('Expect: 100-continue, the body later', post(['Expect: 100-continue', 'Content-Length: 5'], ''), {
    later: 'hello',
  }),
  passed(
    'Expect: 100-continue, chunked',
    post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  passed(
    'Expect in HTTP/1.0',
    'POST /public/{id} HTTP/1.0\r\nHost: gateway.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  ),
  refused(
    'Expect: 100-continue and a denied path',
    head('POST /admin/{id} HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 5') + hidden,
    403,
  ),
  passed(
    'Upgrade: h2c is not passed on',
    head(
      'GET /public/{id} HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ),
    {
      status: [200, 400],
      absent: ['upgrade', 'http2-settings'],
    },
  ),
  passed(
    'Upgrade: h2c hidden in a list',
    head('GET /public/{id} HTTP/1.1', 'Connection: Upgrade', 'Upgrade: foo, h2c'),
    { status: [200, 400], absent: ['upgrade'] },
  ),
  passed('Upgrade: H2C in capitals', head('GET /public/{id} HTTP/1.1', 'Connection: upgrade', 'Upgrade: H2C'), {
    status: [200, 400],
    absent: ['upgrade'],
  }),
  passed('Upgrade without Connection is dropped', head('GET /public/{id} HTTP/1.1', 'Upgrade: websocket'), {
    status: [200, 400],
    absent: ['upgrade'],
  }),
  passed('Connection: upgrade without Upgrade', head('GET /public/{id} HTTP/1.1', 'Connection: upgrade'), {
    status: [200, 400],
  }),
  passed(
    'Upgrade in HTTP/1.0 is dropped',
    'GET /public/{id} HTTP/1.0\r\nHost: gateway.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    {
      status: [200, 400],
      absent: ['upgrade'],
    },
  ),
  passed(
    'Upgrade that the backend declines, with a request behind it',
    head(
      'GET /public/{id} HTTP/1.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
    {
      status: [200, 400, 426],
      later: hidden.replace('/smuggled/', '/admin/'),
    },
  ),
  passed('Upgrade with a body', post(['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5'], 'hello'), {
    status: [200, 400],
  }),
  passed('a POST that upgrades', post(['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 0'], ''), {
    status: [200, 400],
  }),
];
