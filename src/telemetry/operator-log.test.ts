import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorLog } from './operator-log.ts';

function captured(format: 'text' | 'json'): { lines: string[]; log: OperatorLog } {
  const lines: string[] = [];
  return { lines, log: new OperatorLog({ format, write: text => lines.push(text) }) };
}

test('JSON lines carry time, level, message and fields', () => {
  const { lines, log } = captured('json');
  log.warn('endpoint failed', { endpoint: 'http://10.0.0.1:80', failures: 3 });
  const { time, ...rest } = JSON.parse(lines[0]!);
  assert.deepEqual(rest, { level: 'warn', message: 'endpoint failed', endpoint: 'http://10.0.0.1:80', failures: 3 });
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.ok(lines[0]!.endsWith('\n'));
});

test('for people: one line, quoted where needed, control bytes made visible', () => {
  const { lines, log } = captured('text');
  log.error('bad \x1b[2Jfile', { path: 'a b\n', line: 3, ok: null });
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d error bad \\u001b\[2Jfile path="a b\\n" line=3 ok=null\n$/);
});

test('a flood of one message is held back and counted; another message is not', () => {
  const { lines, log } = captured('json');
  for (let i = 0; i < 1_000; i++) log.error('disk full', { i });
  log.info('reloaded');
  assert.equal(lines.length, 11);
  log.flush();
  assert.equal(lines.length, 12);
  const { level, message, repeated } = JSON.parse(lines[11]!);
  assert.deepEqual({ level, message, repeated }, { level: 'error', message: 'disk full', repeated: 990 });
  log.error('disk full');
  assert.equal(lines.length, 13);
  log.flush();
  assert.equal(lines.length, 13);
});

test('records are all told, however many there are', () => {
  const { lines, log } = captured('json');
  for (let i = 0; i < 1_000; i++) log.log('info', 'quota used', { i }, true);
  log.flush();
  assert.equal(lines.length, 1_000);
});

test('a flood of ever new messages is bounded', () => {
  const { lines, log } = captured('text');
  for (let i = 0; i < 10_000; i++) log.warn(`message ${i}`);
  assert.equal(lines.length, 110);
  log.flush();
  assert.match(lines[110]!, /\(other messages\) repeated=9890/);
});
