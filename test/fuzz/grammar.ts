// Writes HTTP/1 messages: mostly valid, often nearly valid. The odd parts are drawn from what broke servers before.

/** Deterministic numbers from a seed (mulberry32). */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer from 0 to `below` - 1. */
  roll(below: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  oneIn(count: number): boolean {
    return this.roll(count) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.roll(items.length)]!;
  }
}

const methods = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'QUERY', 'PROPFIND'];
const oddMethods = [
  'get',
  'CONNECT',
  'TRACE',
  'MKCOLA',
  'G-T',
  'M-SEARCH',
  'PRI',
  'SOURCE',
  'GET_',
  'ANNOUNCE',
  'LABEL',
  'UPDATE',
  'VERSION-CONTROL',
  'DESCRIBE',
  'PURGE',
  '',
];
const targets = [
  '/',
  '/a/b',
  '/x?y=1',
  '/a%20b',
  '/?',
  '/a/../b',
  '/;p=1',
  '/a?b?c',
  '/%41',
  '/~u',
  '/a:b@c',
  '/search?q="x"',
];
const oddTargets = [
  '*',
  'http://h.test/',
  'http://h.test?x',
  'HTTP://H.test/a',
  'https://h.test:8443/a?b',
  'http://u@h.test/',
  '/a#f',
  '/\x80',
  '//h.test/a',
  '/a\\b',
  'a',
  '/\x7f',
  '/\t',
  '/a%',
  'http://',
  'h.test:80',
  '?',
  '/|{}^`',
];
const hosts = ['h.test', 'h.test', 'h.test:80', '127.0.0.1:8080', '[::1]:80'];
const oddHosts = [
  '',
  'a,b',
  'u@h',
  'h/p',
  'h.test:99999',
  'h test',
  'H.TEST',
  '[::1',
  'h.test:',
  'a_b',
  '-',
  'h=1',
  '*',
];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const oddVersions = [
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1',
  'HTTP/1.',
  'http/1.1',
  'HTTP/01.1',
  'HTTP/1.10',
  'HTTPS/1.1',
  'RTSP/1.0',
  'HTTP /1.1',
  '',
];
const values = ['a', 'x y', '', 'a,b', '"q"', 'text/plain; q=0.5', '\xe4\xf6', 'a\tb', '1', 'a  b'];
const oddValues = ['\x00', 'a\x01b', 'a\x7fb', '\x0b', '\x0c', 'a\rb', 'a\nb', '\r', '\n', '\r\n x', '\r\n\tx'];
const names = [
  'Accept',
  'X-A',
  'x-b',
  'User-Agent',
  'Cookie',
  'X_Y',
  "!#$%&'*+-.^_`|~",
  'ETag',
  'Trailer',
  'TE',
  'Keep-Alive',
  'Proxy-Connection',
];
const oddNames = [
  'Content_Length',
  'TRANSFER_ENCODING',
  'X_Forwarded-For',
  '',
  'a b',
  'a\t',
  ' a',
  'a\x00',
  'a(',
  'a;',
  '\xe4',
  'Content Length',
  'a\rb',
];
const lengths = [
  '+5',
  '-5',
  '5,5',
  '5, 5',
  '05',
  '0x5',
  '5 5',
  '',
  '5a',
  '99999999999999999999',
  '9007199254740993',
  '5.0',
  '5;',
  '0',
  '00',
];
const codings = [
  'chunked',
  'Chunked',
  'CHUNKED',
  'identity',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'xchunked',
  'chunked;a=b',
  ', chunked',
  'chunked,',
  '"chunked"',
  '',
  'chun ked',
  'chunked\x0b',
];
const connections = [
  'close',
  'keep-alive',
  'upgrade',
  'Close',
  'x-a',
  'close, x-b',
  'keep-alive, close',
  ',',
  'te',
  'content-length',
  'host',
  'a b',
  'upgrade, x-a',
];
const statuses = [
  '200 OK',
  '200 OK',
  '200 ',
  '404 Not Found',
  '204 No Content',
  '304 Not Modified',
  '206 P',
  '500 \xe4',
  '301 M',
  '200',
];
const oddStatuses = [
  '99 X',
  '600 X',
  '20 X',
  '2000 X',
  '200\tOK',
  ' 200 OK',
  '101 Switching',
  '100 Continue',
  '103 Early',
  '200 a\x01',
  '000 ',
  'abc',
  '999 X',
  '200 \x7f',
  '102 P',
  '199 X',
];

/** A line end, nearly always CRLF. */
function end(dice: Dice): string {
  return dice.oneIn(200) ? dice.pick(['\n', '\r', '\r\r\n', '\n\r', '\r\n ', '']) : '\r\n';
}

function header(dice: Dice, name: string, value: string): string {
  const colon = dice.oneIn(120) ? dice.pick([' :', '\t:', '', '::', ';']) : ':';
  const before = dice.oneIn(6) ? dice.pick(['', '  ', '\t', ' \t ']) : ' ';
  const after = dice.oneIn(10) ? dice.pick([' ', '\t', '  \t']) : '';
  return `${name}${colon}${before}${value}${after}${end(dice)}`;
}

function plainHeaders(dice: Dice, most: number): string {
  let text = '';
  for (let left = dice.roll(most + 1); left > 0; left--) {
    const name = dice.oneIn(60) ? dice.pick(oddNames) : dice.pick(names);
    const value = dice.oneIn(40) ? dice.pick(oddValues) : dice.pick(values);
    text += header(dice, name, value);
  }
  return text;
}

function payload(dice: Dice, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++)
    text += dice.oneIn(8) ? dice.pick(['\r', '\n', '\0', '\xff', '0', ';']) : 'abcdefgh'[dice.roll(8)]!;
  return text;
}

/** A chunked body; `odd` allows it to be malformed. */
function chunks(dice: Dice, odd: boolean): string {
  let text = '';
  for (let left = dice.roll(4); left > 0; left--) {
    const length = 1 + dice.roll(20);
    let size = length.toString(16);
    if (dice.oneIn(4)) size = size.toUpperCase();
    if (dice.oneIn(8)) size = `0${size}`;
    if (odd && dice.oneIn(8))
      size = dice.pick([
        `0x${size}`,
        ` ${size}`,
        `${size} `,
        `+${size}`,
        `-${size}`,
        '',
        `${size}g`,
        `${size}\t`,
        `00000000000000${size}`,
        'fffffffffffffffff',
      ]);
    if (dice.oneIn(6)) size += dice.pick([';a', ';a=b', ';a="b"', ';a="b\\"c;"', ';a;b=c', ';a="\xe4"']);
    if (odd && dice.oneIn(10))
      size += dice.pick([
        ';',
        '; a',
        ';a =b',
        ';a= b',
        ';a="b',
        ';=b',
        ';a=',
        ';\x00',
        ';a\rb',
        ';a="b"c',
        ';a\x7f',
        ';;',
      ]);
    const bodyEnd = odd && dice.oneIn(12) ? dice.pick(['', '\n', '\r', 'x\r\n', '\r\n\r\n']) : '\r\n';
    text += `${size}${end(dice)}${payload(dice, length)}${bodyEnd}`;
  }
  if (odd && dice.oneIn(10)) return text;
  const last = odd && dice.oneIn(8) ? dice.pick(['00', '0;x=y', '0 ', '000', '0x0', '-0']) : '0';
  const trailers = dice.oneIn(4) ? plainHeaders(dice, 2) : '';
  const forbidden =
    odd && dice.oneIn(6)
      ? header(dice, dice.pick(['Host', 'Content-Length', 'Transfer-Encoding', 'Authorization']), '5')
      : '';
  return `${text}${last}${end(dice)}${trailers}${forbidden}${odd && dice.oneIn(15) ? dice.pick(['\n', '', '\r']) : '\r\n'}`;
}

/** Framing headers and a body that matches them, or nearly does. */
function framed(dice: Dice): { fields: string; body: string } {
  const kind = dice.roll(20);
  if (kind < 7) return { fields: '', body: '' };
  if (kind < 12) {
    const body = payload(dice, dice.roll(30));
    return { fields: header(dice, dice.pick(['Content-Length', 'content-length']), String(body.length)), body };
  }
  if (kind < 16) return { fields: header(dice, 'Transfer-Encoding', 'chunked'), body: chunks(dice, dice.oneIn(3)) };
  const body = dice.oneIn(2) ? 'hello' : chunks(dice, false);
  let fields = '';
  if (dice.oneIn(2)) fields += header(dice, 'Content-Length', dice.pick(lengths));
  if (dice.oneIn(2)) fields += header(dice, 'Transfer-Encoding', dice.pick(codings));
  if (dice.oneIn(3)) fields += header(dice, 'Content-Length', '5');
  if (dice.oneIn(4)) fields += header(dice, 'Transfer-Encoding', dice.pick(codings));
  return { fields, body };
}

function request(dice: Dice): string {
  const method = dice.oneIn(25) ? dice.pick(oddMethods) : dice.pick(methods);
  const target = dice.oneIn(15) ? dice.pick(oddTargets) : dice.pick(targets);
  const version = dice.oneIn(50) ? dice.pick(oddVersions) : dice.pick(versions);
  const space = dice.oneIn(150) ? dice.pick(['  ', '\t', '']) : ' ';
  const { fields, body } = framed(dice);
  let text = dice.oneIn(30) ? dice.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ']) : '';
  text += `${method}${space}${target} ${version}${end(dice)}`;
  if (!dice.oneIn(40))
    text += header(
      dice,
      dice.pick(['Host', 'host', 'HOST']),
      dice.oneIn(25) ? dice.pick(oddHosts) : hostFor(dice, target),
    );
  if (dice.oneIn(60)) text += header(dice, 'Host', dice.pick(hosts));
  text += plainHeaders(dice, 4) + fields + plainHeaders(dice, 2);
  if (dice.oneIn(8)) text += header(dice, 'Connection', dice.pick(connections));
  if (dice.oneIn(40)) text += header(dice, 'Upgrade', dice.pick(['websocket', 'h2c', '']));
  if (dice.oneIn(40)) text += header(dice, 'Expect', dice.pick(['100-continue', '100-Continue', '200-ok', '']));
  return `${text}${end(dice)}${body}`;
}

function hostFor(dice: Dice, target: string): string {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
  return authority !== undefined && authority !== '' && !dice.oneIn(5) ? authority : dice.pick(hosts);
}

function response(dice: Dice): string {
  const version = dice.oneIn(50) ? dice.pick(oddVersions) : dice.pick(versions);
  const status = dice.oneIn(15) ? dice.pick(oddStatuses) : dice.pick(statuses);
  const { fields, body } = framed(dice);
  let text = dice.oneIn(80) ? dice.pick(['\r\n', '\n', ' ']) : '';
  text += `${version} ${status}${end(dice)}${plainHeaders(dice, 4)}${fields}${plainHeaders(dice, 2)}`;
  if (dice.oneIn(8)) text += header(dice, 'Connection', dice.pick(connections));
  if (dice.oneIn(60)) text += header(dice, 'Upgrade', 'websocket');
  return `${text}${end(dice)}${body}`;
}

const interim = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.0 100 \r\n\r\n',
  'HTTP/1.1 102 P\r\nConnection: close\r\n\r\n',
];

/** One to three requests on one connection, sometimes damaged. */
export function writeRequests(dice: Dice): Buffer {
  let text = request(dice);
  while (dice.oneIn(4)) text += request(dice);
  return Buffer.from(damaged(dice, text), 'latin1');
}

/** A server's response to one request: sometimes interim responses, then a final one, sometimes damaged. */
export function writeResponse(dice: Dice): Buffer {
  let text = response(dice);
  while (dice.oneIn(12)) text = dice.pick(interim) + text;
  return Buffer.from(damaged(dice, text), 'latin1');
}

const splinters = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '\r\n\r\n',
  '\x7f',
  '\xff',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 3\r\n',
  '"',
  '\\',
  '%',
  '#',
];

/** Most messages stay as they are; some lose, gain, double or change a few bytes. */
function damaged(dice: Dice, text: string): string {
  if (!dice.oneIn(3)) return text;
  for (let times = 1 + dice.roll(2); times > 0; times--) {
    const at = dice.roll(text.length + 1);
    const length = 1 + dice.roll(4);
    switch (dice.roll(6)) {
      case 0:
        text = text.slice(0, at) + dice.pick(splinters) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + String.fromCharCode(dice.roll(256)) + text.slice(at + 1);
        break;
      case 3:
        text = text.slice(0, at) + text.slice(at, at + 12) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at);
        break;
      default: {
        const lines = text.split('\r\n');
        const from = dice.roll(lines.length);
        lines.splice(dice.roll(lines.length), 0, lines[from]!);
        text = lines.join('\r\n');
      }
    }
  }
  return text;
}
