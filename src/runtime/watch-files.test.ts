// Every way in which configuration files change in practice is noticed; other files in the folder do not count.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import { FileWatch } from './watch-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-watch-'));
after(() => rmSync(folder, { recursive: true }));

/** A watch on one file that counts how often it fired. */
function watching(file: string) {
  let fired = 0;
  let wake = () => {};
  const watch = new FileWatch(() => {
    fired++;
    wake();
  });
  watch.follow([file]);
  return {
    watch,
    count: () => fired,
    next: () =>
      new Promise<void>(resolve => {
        wake = resolve;
      }),
  };
}

function fresh(name: string): string {
  const inner = path.join(folder, name);
  mkdirSync(inner);
  writeFileSync(path.join(inner, 'cardea.yaml'), 'a: 1\n');
  return inner;
}

test('a file written in place, several times in a row, is one change', async () => {
  const inner = fresh('in-place');
  const file = path.join(inner, 'cardea.yaml');
  const { watch, next, count } = watching(file);
  const changed = next();
  for (let i = 0; i < 5; i++) appendFileSync(file, 'b: 2\n');
  await changed;
  await delay(300); // Because: no further event may follow, and the absence of an event cannot be awaited.
  assert.equal(count(), 1);
  watch.close();
});

for (const [name, before] of [
  ['longer', 'a: 1\nb: 2\nc: 3\n'],
  ['shorter', 'a\n'],
] as const) {
  test(`a file that was ${name} than the first piece of what is slowly written in its place is one change, told when it is whole`, async () => {
    const inner = fresh(`slowly-${name}`);
    const file = path.join(inner, 'cardea.yaml');
    writeFileSync(file, before);
    const { watch, next, count } = watching(file);
    const changed = next();
    let told = '';
    void changed.then(() => {
      told = readFileSync(file, 'utf8');
    });
    writeFileSync(file, 'a: 1\n');
    // Because: the writer is meant to be this slow, slower than the time in which events are joined.
    for (const line of ['b: 2\n', 'c: 4\n', 'd: 5\n']) {
      await delay(300);
      appendFileSync(file, line);
    }
    await changed;
    assert.equal(told, 'a: 1\nb: 2\nc: 4\nd: 5\n');
    assert.equal(count(), 1);
    watch.close();
  });
}

test('a file that vanishes is told, and one that comes back at once is not told as gone', async () => {
  const inner = fresh('unpacked');
  const file = path.join(inner, 'cardea.yaml');
  const { watch, next, count } = watching(file);
  let changed = next();
  rmSync(file);
  await delay(300); // Because: the test is about the time in which the file is absent.
  assert.equal(count(), 0);
  writeFileSync(file, 'a: 1\nb: 2\n');
  await changed;
  assert.equal(count(), 1);
  changed = next();
  rmSync(file);
  await changed;
  watch.close();
});

test('a file replaced by renaming another over it, twice', async () => {
  const inner = fresh('rename');
  const file = path.join(inner, 'cardea.yaml');
  const { watch, next } = watching(file);
  for (const text of ['b: 2\n', 'c: 3\n']) {
    const changed = next();
    writeFileSync(`${file}.tmp`, text);
    renameSync(`${file}.tmp`, file);
    await changed;
  }
  watch.close();
});

test('a folder that is removed or moved away, another one in its place, and a file written in that', async t => {
  // Without the periodic check: the events of the system alone have to show the change.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const inner = fresh('replaced');
  const file = path.join(inner, 'cardea.yaml');
  const { watch, next } = watching(file);
  for (const away of [() => rmSync(inner, { recursive: true }), () => renameSync(inner, `${inner}-before`)]) {
    let changed = next();
    away();
    mkdirSync(inner);
    writeFileSync(file, 'b: 2, in a new folder\n');
    await changed;
    watch.follow([file]);
    changed = next();
    writeFileSync(file, 'c: 3, in place, and longer than before\n');
    await changed;
    watch.follow([file]);
  }
  watch.close();
});

test('links swapped as Kubernetes does for a mounted ConfigMap', async () => {
  const inner = path.join(folder, 'mounted');
  for (const version of ['..one', '..two']) {
    mkdirSync(path.join(inner, version), { recursive: true });
    writeFileSync(path.join(inner, version, 'cardea.yaml'), `version: ${version}\n`);
  }
  symlinkSync('..one', path.join(inner, '..data'));
  symlinkSync('..data/cardea.yaml', path.join(inner, 'cardea.yaml'));
  const { watch, next } = watching(path.join(inner, 'cardea.yaml'));
  const changed = next();
  symlinkSync('..two', path.join(inner, '..data_tmp'));
  renameSync(path.join(inner, '..data_tmp'), path.join(inner, '..data'));
  await changed;
  watch.close();
});

test('a folder above that is a link and is swapped', async () => {
  const inner = path.join(folder, 'releases');
  for (const version of ['1', '2']) {
    mkdirSync(path.join(inner, version), { recursive: true });
    writeFileSync(path.join(inner, version, 'cardea.yaml'), `version: ${version}\n`);
  }
  symlinkSync('1', path.join(inner, 'current'));
  const { watch, next } = watching(path.join(inner, 'current', 'cardea.yaml'));
  const changed = next();
  symlinkSync('2', path.join(inner, 'next'));
  renameSync(path.join(inner, 'next'), path.join(inner, 'current'));
  await changed;
  watch.close();
});

test('a new file that an include pattern may take in', async () => {
  const inner = fresh('include');
  const { watch, next } = watching(path.join(inner, '*'));
  const changed = next();
  writeFileSync(path.join(inner, 'team.yaml'), 'x: 1\n');
  await changed;
  watch.close();
});

test('a log that is written all the time in the same folder does not hold a change up', async () => {
  const inner = fresh('busy-log');
  const file = path.join(inner, 'cardea.yaml');
  const { watch, next } = watching(file);
  const traffic = setInterval(() => appendFileSync(path.join(inner, 'access.log'), 'line\n'), 10);
  try {
    const changed = next();
    const start = performance.now();
    writeFileSync(file, 'b: 2\n');
    await changed;
    // The periodic check every five seconds would notice the change as well.
    assert.ok(performance.now() - start < 4_000);
  } finally {
    clearInterval(traffic);
    watch.close();
  }
});

test('an access log growing in the same folder is no change, whatever its name', async () => {
  const inner = fresh('log');
  const { watch, count } = watching(path.join(inner, 'cardea.yaml'));
  for (let i = 0; i < 5; i++) {
    appendFileSync(path.join(inner, 'access.log'), 'line\n');
    appendFileSync(path.join(inner, 'access.json'), '{}\n');
    await delay(60);
  }
  await delay(300); // Because: as above.
  assert.equal(count(), 0);
  watch.close();
});

for (const [pattern, name] of [
  ['conf/*', 'conf/without-ending'],
  ['team-*/routes.yaml', 'team-b/routes.yaml'],
  ['teams/**/*.yaml', 'teams/a/b/routes.yaml'],
  ['later/*.yaml', 'later/routes.yaml'],
] as const) {
  test(`what ${pattern} takes in: ${name}, in a folder that comes before it`, async () => {
    const inner = fresh(`pattern-${name.replaceAll('/', '-')}`);
    mkdirSync(path.join(inner, 'teams/a'), { recursive: true });
    mkdirSync(path.join(inner, 'conf'));
    const main = path.join(inner, 'cardea.yaml');
    writeFileSync(main, `include: ["${pattern}"]\n`);
    const file = path.join(inner, name);
    const watch = new FileWatch(() => changed());
    let changed = () => {};
    // As a reload does: read, then follow the files that were read.
    const readUntil = async (isThere: () => boolean) => {
      for (;;) {
        const next = new Promise<void>(resolve => {
          changed = resolve;
        });
        const readSince = Date.now();
        const { files } = loadConfig(main, { filters: [] });
        watch.follow(files, readSince);
        if (isThere()) return;
        await next;
      }
    };
    const start = performance.now();
    setTimeout(() => mkdirSync(path.dirname(file), { recursive: true }), 200);
    setTimeout(() => writeFileSync(file, 'routes: []\n'), 400);
    await readUntil(() => loadConfig(main, { filters: [] }).files.includes(file));
    // The periodic check every five seconds would notice the change as well.
    assert.ok(performance.now() - start < 4_000);
    watch.close();
  });
}

test('a file that is new to the watch and was changed while or after it was read is told once more', async () => {
  const inner = fresh('read-meanwhile');
  const first = path.join(inner, 'cardea.yaml');
  const { watch, next, count } = watching(first);
  const other = fresh('read-meanwhile-elsewhere');
  const readSince = Date.now();
  writeFileSync(path.join(other, 'cardea.yaml'), 'b: 2\n');
  const changed = next();
  watch.follow([first, path.join(other, 'cardea.yaml')], readSince);
  await changed;
  watch.follow([first, path.join(other, 'cardea.yaml')], Date.now());
  await delay(300); // Because: as above.
  assert.equal(count(), 1);
  watch.close();
});
