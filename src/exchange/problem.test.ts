// Refusals as clients see them: problem details (RFC 9457) and Proxy-Status (RFC 9209), for every code, whatever the detail holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault, type FaultCode, faultKinds } from '../base/fault.ts';
import { problemBody, problemMessage, proxyStatus } from './problem.ts';

const codes = Object.keys(faultKinds) as FaultCode[]; // Because: the table's keys are the codes.

test('every code is a document with its status, a text, and no cause', () => {
  for (const code of codes) {
    const fault = new Fault(code, '', 'connect ECONNREFUSED 10.0.0.7:8080');
    const body = problemBody(fault, 'abc');
    const document = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual(Object.keys(document), ['type', 'title', 'status', 'detail', 'code', 'requestId'], code);
    assert.equal(document['status'], fault.kind.status);
    assert.equal(document['code'], code);
    assert.ok(String(document['type']).endsWith(`#${code}`));
    assert.ok(String(document['detail']).length > 10, code);
    assert.doesNotMatch(body, /10\.0\.0\.7|ECONNREFUSED/);
  }
});

test('Proxy-Status is a list of one token with parameters (RFC 9209 section 2)', () => {
  for (const code of codes) {
    assert.match(proxyStatus(new Fault(code)), new RegExp(`^cardea(?:; error=[a-z_]+)?; details="${code}"$`));
  }
});

test('a whole message has the length of its body in bytes, and a detail breaks out of nothing', () => {
  const detail = 'Größe “\r\nSet-Cookie: a=b\r\n\r\n<script>"\\';
  const message = problemMessage(new Fault('body_too_large', detail), 'abc');
  const bodyAt = message.indexOf('\r\n\r\n') + 4;
  const head = message.slice(0, bodyAt);
  assert.match(head, /^HTTP\/1\.1 413 [^\r\n]+\r\n(?:[A-Za-z-]+: [^\r\n]+\r\n)+\r\n$/);
  assert.doesNotMatch(head, /set-cookie/i);
  assert.match(head, /\r\nConnection: close\r\n/);
  const body = Buffer.from(message.slice(bodyAt), 'latin1');
  assert.ok(head.includes(`\r\nContent-Length: ${body.length}\r\n`));
  assert.equal((JSON.parse(body.toString()) as { detail: string }).detail, detail);
});
