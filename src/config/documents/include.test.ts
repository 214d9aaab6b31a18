// What may be included: files of a bounded size, and nothing that could be read without end.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import { loadConfig } from '../load.ts';
import { LoadCache } from '../load-cache.ts';
import { SourceExcerpts } from '../problems/source-excerpt.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-include-'));
after(() => rmSync(folder, { recursive: true }));

function problemsWith(included: string): string[] {
  const main = path.join(folder, 'cardea.yaml');
  writeFileSync(main, `listeners: [{ address: 127.0.0.1:0 }]\ninclude:\n  - ${included}\n`);
  return loadConfig(main, { filters: [] }).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('a device is refused unread', () => {
  assert.deepEqual(problemsWith('/dev/zero'), ['3:5 /dev/zero is not a file']);
});

test('a pipe is refused unread', () => {
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(problemsWith(pipe), [`3:5 ${pipe} is not a file`]);
});

test('the configuration itself may come from a pipe, and is not waited for a second time', () => {
  const pipe = path.join(folder, 'main');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `echo 'listeners: [{ address: 127.0.0.1:0 }]' > '${pipe}'`]);
  const cache = new LoadCache();
  const filters: [] = [];
  assert.equal(loadConfig(pipe, { filters, cache }).ok, true);
  const { problems } = loadConfig(pipe, { filters, cache });
  assert.deepEqual(
    problems.map(({ message }) => message),
    [`${pipe} is a pipe, and was read: only files can be read again`],
  );
});

test('a folder is refused', () => {
  const inner = path.join(folder, 'routes');
  mkdirSync(inner);
  assert.deepEqual(problemsWith(inner), [`3:5 ${inner} is a folder`]);
});

test('every file may name its schema for editors', () => {
  const line = '$schema: ./cardea.schema.json\n';
  writeFileSync(path.join(folder, 'part.yaml'), `${line}zone: eu-1\n`);
  const main = path.join(folder, 'cardea.yaml');
  writeFileSync(main, `${line}listeners: [{ address: 127.0.0.1:0 }]\ninclude: [part.yaml]\n`);
  const loaded = loadConfig(main, { filters: [] });
  assert.ok(loaded.ok, JSON.stringify(loaded.problems));
  assert.equal(loaded.config.zone, 'eu-1');
});

test('a pattern that folders fit takes the files: `conf.d/**` is all of them, however deep', () => {
  mkdirSync(path.join(folder, 'conf.d/team'), { recursive: true });
  for (const file of ['conf.d/a.yaml', 'conf.d/team/b.yaml']) {
    writeFileSync(path.join(folder, file), `routes: [{ name: ${path.parse(file).name}, to: { reply: {} } }]\n`);
  }
  assert.deepEqual(problemsWith('conf.d/**'), []);
  assert.ok(problemsWith('conf.d/t*').includes('3:5 no file matches conf.d/t*'));
});

test('a file that is too large is refused unread', () => {
  const large = path.join(folder, 'large.yaml');
  writeFileSync(large, '');
  // A sparse file of a terabyte: reading it would fail in another way.
  truncateSync(large, 2 ** 40);
  assert.deepEqual(problemsWith(large), [`3:5 ${large} is larger than 64 MiB`]);
});

test('a file that is not there is told where it is asked for', () => {
  assert.deepEqual(problemsWith('missing.yaml'), [`3:5 there is no file ${path.join(folder, 'missing.yaml')}`]);
});

test('beside a file that is not there, what may stand in it is not told as missing, and what stands nowhere else is', () => {
  const place = (_config: unknown, { knowsCaller }: FilterSurroundings): readonly PlaceProblem[] =>
    knowsCaller ? [] : [{ path: [], message: 'words that nobody goes by', absentFrom: 'filters' }];
  const main = path.join(folder, 'beside.yaml');
  const reply = '{ path: /a }, public: true, to: { reply: { status: 204 } }';
  writeFileSync(
    main,
    `listeners: [{ address: 127.0.0.1:0 }]\ninclude: [nowhere.yaml]\nroutes:\n` +
      `  - { name: a, match: ${reply}, filters: [{ who: {} }] }\n` +
      `  - { name: b, match: ${reply.replace('/a', '/b')}, filters: [{ whom: {} }] }\n` +
      `  - { name: c, match: { path: /c }, public: true, to: users }\n`,
  );
  const filters = [{ name: 'who', schema: z.unknown(), placeProblems: place }];
  const told = loadConfig(main, { filters }).problems.map(({ line, message }) => `${line} ${message}`);
  assert.deepEqual(told, [
    `2 there is no file ${path.join(folder, 'nowhere.yaml')}`,
    '5 there is no filter "whom"; did you mean "who"?',
  ]);
});

test('a folder that a pattern leads through and that cannot be read is an error: its files would be missing without a word', () => {
  // A link to itself stands for such a folder, because root may read every folder.
  symlinkSync('closed', path.join(folder, 'closed'));
  const closed = path.join(folder, 'closed');
  for (const pattern of ['closed/*.yaml', 'closed/team-*/routes.yaml', 'closed/**/*.yaml']) {
    const [told] = problemsWith(pattern);
    assert.ok(told?.startsWith(`3:5 ${closed} cannot be read: ELOOP`), `${pattern}: ${told}`);
  }
  assert.deepEqual(problemsWith('absent/*.yaml'), [
    '1:1 there are no routes, so every request is answered with 404',
    '3:5 no file matches absent/*.yaml',
  ]);
});

test('a link to itself among the files of a pattern is told, not thrown', () => {
  mkdirSync(path.join(folder, 'links'));
  const link = path.join(folder, 'links', 'loop.yaml');
  symlinkSync('loop.yaml', link);
  const [told] = problemsWith('links/*.yaml');
  assert.ok(told?.startsWith(`3:5 ${link} cannot be read: ELOOP`), String(told));
});

test('an empty file is refused: it may be half-written, and what it held would be out of service', () => {
  writeFileSync(path.join(folder, 'empty.yaml'), '\n');
  assert.deepEqual(problemsWith('empty.yaml'), [
    '1:1 the file is empty, as it is while it is being rewritten: if it is meant to be empty, say so in a comment, such as `# none`',
  ]);
  writeFileSync(path.join(folder, 'empty.yaml'), '# none\n');
  assert.deepEqual(problemsWith('empty.yaml'), ['1:1 there are no routes, so every request is answered with 404']);
});

test('a file that is not UTF-8 is refused, with the place of the first letter that cannot be read', () => {
  const main = path.join(folder, 'latin1.yaml');
  const told = (bytes: Buffer): string[] => {
    writeFileSync(main, bytes);
    return loadConfig(main, { filters: [] }).problems.map(each => `${each.line}:${each.column} ${each.message}`);
  };
  const text = 'listeners: [{ address: 127.0.0.1:0 }]\nzone: caf\u00e9\n';
  assert.deepEqual(told(Buffer.from(text, 'latin1')), ['2:10 this is not UTF-8: save the file as UTF-8']);
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  assert.deepEqual(told(utf16), ['1:1 the file is in UTF-16: save it as UTF-8']);
  assert.deepEqual(told(utf16.swap16()), ['1:1 the file is in UTF-16: save it as UTF-8']);
  const withMark = told(Buffer.from(`\ufeff${text}`));
  assert.ok(!withMark.some(each => each.includes('UTF')), withMark.join('\n'));
});

test('a device as the configuration itself is refused, and not read for an excerpt of it', () => {
  const { problems } = loadConfig('/dev/zero', { filters: [] });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['/dev/zero is not a file'],
  );
  assert.deepEqual(new SourceExcerpts().of(problems[0]!), []);
});
