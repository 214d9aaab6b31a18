// HTTP/2 messages that an HTTP/1.1 backend could read as another message, or as two: what HTTP/2 can carry and HTTP/1.1 lines cannot.

import type { FieldList } from '../../../support/h2-client.ts';
import { pathCases } from './paths.ts';

/** One stream. `{id}` stands for a token unique to the case. */
export interface H2Case {
  readonly name: string;
  readonly fields: FieldList;
  /** Payloads of the DATA frames; without any, the stream ends with its head. */
  readonly data?: readonly string[];
  readonly trailers?: FieldList;
  /** Statuses that the client may get; `reset` is the code of RST_STREAM that it gets instead. */
  readonly status?: readonly number[];
  readonly reset?: number;
  /** Number of complete requests that the backend receives. */
  readonly forwarded: 0 | 1;
  /** Lower-case names that the backend must not see, or `name: value`. */
  readonly absent?: readonly string[];
  readonly present?: readonly (readonly [string, string])[];
}

const PROTOCOL_ERROR = 1;

function fields(method: string, ...more: FieldList): FieldList {
  return [[':method', method], [':scheme', 'http'], [':authority', 'gateway.test'], [':path', '/public/{id}'], ...more];
}

function withPseudo(changes: Readonly<Record<string, string | null>>): FieldList {
  return fields('GET').flatMap(([name, value]) => {
    const change = changes[name];
    return change === null ? [] : [[name, change ?? value] as const];
  });
}

const malformed = (name: string, list: FieldList, more: Partial<H2Case> = {}): H2Case => ({
  name,
  fields: list,
  reset: PROTOCOL_ERROR,
  forwarded: 0,
  ...more,
});

const refused = (name: string, list: FieldList, status: number, more: Partial<H2Case> = {}): H2Case => ({
  name,
  fields: list,
  status: [status],
  forwarded: 0,
  ...more,
});

const passed = (name: string, list: FieldList, more: Partial<H2Case> = {}): H2Case => ({
  name,
  fields: list,
  status: [200],
  forwarded: 1,
  ...more,
});

const smuggled = 'GET /smuggled/{id} HTTP/1.1\r\nHost: gateway.test\r\n\r\n';

const badNames = [
  'X-Upper',
  'x a',
  'x:a',
  'x\ra',
  'x\na',
  'x\r\na',
  'x\0a',
  'x\ta',
  '',
  ' x',
  'x ',
  'x\x7f',
  'x\xe9',
  '(x)',
  'x"',
];
const badValues = ['a\rb', 'a\nb', 'a\r\nb', 'a\0b', '\x01', 'a\x7f', ' a', 'a ', '\ta', 'a\t', '\r\n', '\n'];

const injections: readonly H2Case[] = [
  ...badNames.map(name => malformed(`a name that is none: ${JSON.stringify(name)}`, fields('GET', [name, 'v']))),
  ...badValues.map(value => malformed(`a value that is none: ${JSON.stringify(value)}`, fields('GET', ['x-a', value]))),
  malformed('a request in a value', fields('GET', ['x-a', `b\r\n\r\n${smuggled}`])),
  malformed('a request in a name', fields('GET', [`x-a: b\r\n\r\n${smuggled}`, 'v'])),
  malformed('a length in a value', fields('GET', ['x-a', 'b\r\nContent-Length: 50'])),
  malformed('a coding in a name', fields('POST', ['transfer-encoding: chunked\r\nx', 'v']), {
    data: ['0\r\n\r\n', smuggled],
  }),
  malformed('a request in a cookie crumb', fields('GET', ['cookie', 'a=1'], ['cookie', `b=2\r\n\r\n${smuggled}`])),
  malformed('a request in the method', withPseudo({ ':method': `GET /smuggled/{id} HTTP/1.1\r\n\r\nGET` })),
  malformed('a request in the path', withPseudo({ ':path': `/public/{id} HTTP/1.1\r\n\r\nGET /smuggled/{id}` })),
  malformed('a field in the path', withPseudo({ ':path': '/public/{id} HTTP/1.1\r\nx-a: b\r\nx-b: ' })),
  malformed('a field in the authority', withPseudo({ ':authority': 'gateway.test\r\nx-a: b' })),
  malformed('a field in the scheme', withPseudo({ ':scheme': 'http\r\nx-a: b' })),
];

const pseudoHeaders: readonly H2Case[] = [
  ...[':method', ':scheme', ':path'].map(name => malformed(`no ${name}`, withPseudo({ [name]: null }))),
  ...[':method', ':scheme', ':path', ':authority'].map(name =>
    malformed(`an empty ${name}`, withPseudo({ [name]: '' })),
  ),
  ...[':method', ':scheme', ':path', ':authority'].map(name =>
    malformed(`${name} twice`, [...fields('GET'), [name, fields('GET').find(([each]) => each === name)![1]]]),
  ),
  malformed('an unknown pseudo-header', [...fields('GET'), [':smuggled', 'x']]),
  malformed(':status in a request', [...fields('GET'), [':status', '200']]),
  malformed('a pseudo-header behind a field', [
    [':method', 'GET'],
    [':scheme', 'http'],
    ['x-a', 'b'],
    [':path', '/public/{id}'],
    [':authority', 'gateway.test'],
  ]),
  malformed('another path behind the fields', [...fields('GET', ['x-a', 'b']), [':path', '/smuggled/{id}']]),
  malformed(':protocol without CONNECT', [...fields('GET'), [':protocol', 'websocket']]),
  malformed('CONNECT with a path', withPseudo({ ':method': 'CONNECT' })),
  malformed('CONNECT without a host', [[':method', 'CONNECT']]),
  refused(
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'gateway.test:80'],
    ],
    501,
  ),
  refused('a method with a space', withPseudo({ ':method': 'GET /smuggled/{id}' }), 501),
  refused('a method in lower case', withPseudo({ ':method': 'get' }), 501),
  refused('PRI', withPseudo({ ':method': 'PRI' }), 501),
  refused('a scheme of another kind', withPseudo({ ':scheme': 'file' }), 400),
  refused('a scheme with an authority', withPseudo({ ':scheme': 'http://gateway.test/smuggled?' }), 400),
];

const hosts: readonly H2Case[] = [
  malformed('Host that differs', fields('GET', ['host', 'other.test'])),
  malformed('Host twice', fields('GET', ['host', 'gateway.test'], ['host', 'gateway.test'])),
  malformed('Host with another port', fields('GET', ['host', 'gateway.test:81'])),
  refused('user information', withPseudo({ ':authority': 'user@gateway.test' }), 400),
  refused('a path in the authority', withPseudo({ ':authority': 'gateway.test/smuggled' }), 400),
  refused('a space in the authority', withPseudo({ ':authority': 'gateway.test x' }), 400),
  refused('two hosts in the authority', withPseudo({ ':authority': 'gateway.test,other.test' }), 400),
  refused('a port that is none', withPseudo({ ':authority': 'gateway.test:99999' }), 400),
  refused('no host', withPseudo({ ':authority': null }), 400),
  passed('Host alone', [...withPseudo({ ':authority': null }), ['host', 'gateway.test']], {
    present: [['host', 'gateway.test']],
  }),
  passed('Host in other letters', fields('GET', ['host', 'Gateway.TEST']), { present: [['host', 'gateway.test']] }),
  passed('X-Forwarded-Host of a stranger', fields('GET', ['x-forwarded-host', 'evil.test']), {
    present: [['x-forwarded-host', 'gateway.test']],
  }),
];

const connectionFields: readonly H2Case[] = [
  ...(
    [
      ['connection', 'close'],
      ['connection', 'x-a'],
      ['keep-alive', 'timeout=5'],
      ['proxy-connection', 'keep-alive'],
      ['upgrade', 'h2c'],
      ['te', 'gzip'],
      ['te', 'trailers, deflate'],
    ] as const
  ).map(([name, value]) => malformed(`${name}: ${value}`, fields('GET', [name, value]))),
  malformed('transfer-encoding: chunked', fields('POST', ['transfer-encoding', 'chunked']), {
    data: [`0\r\n\r\n${smuggled}`],
  }),
  malformed('transfer-encoding: identity', fields('POST', ['transfer-encoding', 'identity']), { data: ['abc'] }),
  malformed('transfer-encoding with an underscore', fields('POST', ['transfer_encoding', 'chunked']), {
    data: ['abc'],
  }),
  malformed('content-length with an underscore', fields('POST', ['content_length', '0']), { data: ['abc'] }),
  passed('te: trailers', fields('GET', ['te', 'trailers']), { absent: ['te'] }),
  passed('http2-settings', fields('GET', ['http2-settings', 'AAMAAABkAAQAAP__']), { absent: ['http2-settings'] }),
  passed('proxy-authorization', fields('GET', ['proxy-authorization', 'Basic eA==']), {
    absent: ['proxy-authorization'],
  }),
  passed('expect', fields('POST', ['expect', '100-continue'], ['content-length', '3']), { data: ['abc'] }),
  refused('expect of something else', fields('POST', ['expect', '200-ok'], ['content-length', '3']), 417, {
    data: ['abc'],
  }),
];

// Where `forwarded` is 1, the message was complete before more data followed: none of that is passed on.
const lengths: readonly H2Case[] = [
  ...['5, 5', '+5', '-5', '0x5', '05', '5.0', '5e0', '', '5;a', '18446744073709551621', '٥'].map(length =>
    malformed(`content-length: ${length}`, fields('POST', ['content-length', Buffer.from(length).toString('latin1')]), {
      data: ['hello'],
    }),
  ),
  malformed('content-length twice', fields('POST', ['content-length', '5'], ['content-length', '5']), {
    data: ['hello'],
  }),
  malformed('a length below the body', fields('POST', ['content-length', '3']), { data: [`abc${smuggled}`] }),
  malformed('a length below the body, in two frames', fields('POST', ['content-length', '3']), {
    data: ['abc', smuggled],
  }),
  malformed('a length below the body, byte by byte', fields('POST', ['content-length', '3']), {
    data: ['a', 'b', 'c', ...smuggled],
  }),
  malformed(
    'a length below the body, with an empty frame where it should end',
    fields('POST', ['content-length', '3']),
    {
      data: ['abc', '', smuggled],
    },
  ),
  malformed('a length below the body, with trailers', fields('POST', ['content-length', '3']), {
    data: ['abc', smuggled],
    trailers: [['x-sum', '1']],
  }),
  malformed('a length that the body has, with trailers that are none', fields('POST', ['content-length', '3']), {
    data: ['abc'],
    trailers: [['x-sum\r\n\r\nGET', '/smuggled/{id} HTTP/1.1']],
  }),
  malformed('a length of 0 with a body', fields('POST', ['content-length', '0']), { data: [smuggled] }),
  malformed('a length of 0 with a body behind an empty frame', fields('GET', ['content-length', '0']), {
    data: ['', smuggled],
  }),
  malformed('a length of 0 with trailers that are none', fields('POST', ['content-length', '0']), {
    data: [''],
    trailers: [[':path', '/smuggled/{id}']],
  }),
  malformed('a length above the body', fields('POST', ['content-length', '50']), { data: ['abc'] }),
  malformed('a length without a body', fields('GET', ['content-length', '50'])),
  malformed('a length above the body, with trailers', fields('POST', ['content-length', '50']), {
    data: ['abc'],
    trailers: [['x-sum', '1']],
  }),
  passed('a body that looks like chunks', fields('POST'), { data: ['0\r\n\r\n', smuggled] }),
  passed('a body that looks like a request', fields('POST'), { data: [smuggled] }),
  passed('a body that looks like a request, with its length', fields('POST', ['content-length', '{length}']), {
    data: [smuggled],
  }),
  passed('GET with a body', fields('GET'), { data: [smuggled] }),
  passed('empty DATA in between', fields('POST'), { data: ['a', '', 'b', ''] }),
  passed('a length of 0', fields('POST', ['content-length', '0'])),
  passed('a length of 0 that ends with DATA', fields('POST', ['content-length', '0']), { data: [''] }),
  passed('a length, and the end in a frame of its own', fields('POST', ['content-length', '3']), { data: ['abc', ''] }),
  passed('a length, and the end in trailers', fields('POST', ['content-length', '3']), {
    data: ['abc'],
    trailers: [['x-sum', '1']],
  }),
];

const trailers: readonly H2Case[] = [
  passed('trailers', fields('POST'), { data: ['abc'], trailers: [['x-sum', '1']] }),
  passed('trailers that frame or address', fields('POST'), {
    data: ['abc'],
    trailers: [
      ['content-length', '50'],
      ['host', 'evil.test'],
      ['x-forwarded-for', '1.2.3.4'],
      ['authorization', 'x'],
    ],
    absent: ['host: evil.test', 'content-length: 50'],
  }),
  malformed('a coding in trailers', fields('POST'), { data: ['abc'], trailers: [['transfer-encoding', 'chunked']] }),
  malformed('a pseudo-header in trailers', fields('POST'), { data: ['abc'], trailers: [[':path', '/smuggled/{id}']] }),
  malformed('a request in trailers', fields('POST'), { data: ['abc'], trailers: [['x-a', `b\r\n\r\n${smuggled}`]] }),
  malformed('upper case in trailers', fields('POST'), { data: ['abc'], trailers: [['X-A', 'b']] }),
];

const targets: readonly H2Case[] = [
  refused('a path without a slash', withPseudo({ ':path': 'public/{id}' }), 400),
  refused('an absolute target', withPseudo({ ':path': 'http://gateway.test/public/{id}' }), 400),
  refused('an absolute target of another host', withPseudo({ ':path': 'http://evil.test/{id}' }), 400),
  refused('an asterisk for GET', withPseudo({ ':path': '*' }), 400),
  refused('a fragment', withPseudo({ ':path': '/public/{id}#a' }), 400),
  refused('a space', withPseudo({ ':path': '/public/{id} a' }), 400),
  refused('a version behind the path', withPseudo({ ':path': '/public/{id} HTTP/1.0' }), 400),
  refused('a byte outside ASCII', withPseudo({ ':path': '/public/{id}\xe9' }), 400),
  refused('a space in the query', withPseudo({ ':path': '/public/{id}?a b' }), 400),
  refused('a fragment in the query', withPseudo({ ':path': '/public/{id}?a#b' }), 400),
];

/** The paths of the HTTP/1 corpus, as `:path`. */
const paths: readonly H2Case[] = pathCases.flatMap(({ name, request, status, forwarded }) => {
  const match = /^GET (\S+) HTTP\/1\.1\r\n/.exec(request);
  // Longer paths do not fit into one frame.
  if (match === null || !match[1]!.startsWith('/') || match[1]!.length > 10_000) return [];
  return [
    { name: `path: ${name}`, fields: withPseudo({ ':path': match[1]! }), status, forwarded: forwarded > 0 ? 1 : 0 },
  ];
});

export const h2Cases: readonly H2Case[] = [
  ...injections,
  ...pseudoHeaders,
  ...hosts,
  ...connectionFields,
  ...lengths,
  ...trailers,
  ...targets,
  ...paths,
];
