// Which server a request is for: Host, absolute targets, and both at once.

import { head, passed, refused, type SmugglingCase } from '../smuggling-case.ts';

function withHosts(...hosts: readonly string[]): string {
  return ['GET /public/{id} HTTP/1.1', ...hosts.map(host => `Host: ${host}`), '', ''].join('\r\n');
}

const bad: readonly [string, string][] = [
  ['empty', ''],
  ['user information', 'user@gateway.test'],
  ['a path', 'gateway.test/admin'],
  ['a query', 'gateway.test?x'],
  ['a fragment', 'gateway.test#x'],
  ['a list', 'gateway.test, evil.test'],
  ['a space inside', 'gateway.test evil.test'],
  ['a tab inside', 'gateway.test\tevil.test'],
  ['a backslash', 'gateway.test\\evil.test'],
  ['a port of letters', 'gateway.test:http'],
  ['a port above 65535', 'gateway.test:65536'],
  ['two ports', 'gateway.test:80:80'],
  ['an open bracket', '[::1'],
  ['a bracket too many', '[::1]]'],
  ['NUL', 'gateway.test\x00.evil.test'],
  ['a scheme', 'http://gateway.test'],
  ['bytes above ASCII', 'g\xe4teway.test'],
  ['percent-encoding', 'gateway%2etest'],
];

const targets: readonly [string, string, number | readonly number[]][] = [
  ['another host', 'http://evil.test/public/{id}', 400],
  ['another port', 'http://gateway.test:81/public/{id}', 400],
  ['user information', 'http://user@gateway.test/public/{id}', 400],
  ['an empty authority', 'http:///public/{id}', 400],
  ['no authority', 'http:/public/{id}', 400],
  ['another scheme', 'ftp://gateway.test/public/{id}', 400],
  ['file', 'file:///etc/passwd', 400],
  ['javascript', 'javascript:alert(1)', 400],
  ['a backslash', 'http:\\\\gateway.test\\public\\{id}', 400],
  ['a backslash behind the authority', 'http://gateway.test\\@evil.test/public/{id}', 400],
  ['the denied path', 'http://gateway.test/admin/{id}', 403],
  ['the denied path through dots', 'http://gateway.test/public/../admin/{id}', 403],
  ['the denied path through encoded dots', 'http://gateway.test/public/%2e%2e/admin/{id}', 403],
  ['two slashes', 'http://gateway.test//admin/{id}', 400],
];

export const hostCases: readonly SmugglingCase[] = [
  ...bad.map(([name, host]) => refused(`Host: ${name}`, withHosts(host))),
  refused('no Host', withHosts()),
  refused('two different Hosts', withHosts('gateway.test', 'evil.test')),
  refused('two equal Hosts', withHosts('gateway.test', 'gateway.test')),
  refused('two Hosts in different case', 'GET /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nhOST: evil.test\r\n\r\n'),
  refused('Host with a space before the colon', 'GET /public/{id} HTTP/1.1\r\nHost : gateway.test\r\n\r\n'),
  refused('folded Host', 'GET /public/{id} HTTP/1.1\r\nHost:\r\n gateway.test\r\n\r\n'),
  refused(
    'a second Host behind white space',
    'GET /public/{id} HTTP/1.1\r\nHost: gateway.test\r\n Host: evil.test\r\n\r\n',
  ),
  refused('an absolute target without Host', 'GET http://gateway.test/public/{id} HTTP/1.1\r\n\r\n'),
  ...targets.map(([name, target, status]) =>
    refused(`absolute target: ${name}`, head(`GET ${target} HTTP/1.1`), status),
  ),
  passed('an absolute target that agrees', head('GET http://gateway.test/public/{id} HTTP/1.1'), {
    present: [['host', 'gateway.test']],
  }),
  passed('an absolute target in capitals', head('GET HTTP://GATEWAY.TEST/public/{id} HTTP/1.1'), {
    status: [200, 400],
  }),
  passed('Host with white space around', withHosts(' \tgateway.test\t '), { present: [['host', 'gateway.test']] }),
  passed('an address as Host', withHosts('[::1]:8080'), { present: [['host', '[::1]:8080']] }),
];
