// A worker that answers nothing for a minute hangs; a slow one does not, nor one whose answer the blocked supervisor could not read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HangWatch } from './hang-watch.ts';

interface Worker {
  readonly name: string;
  answer: (() => void) | null;
}

function watched(...names: readonly string[]) {
  const workers: Worker[] = names.map(name => ({ name, answer: null }));
  const hung: string[] = [];
  const watch = new HangWatch<Worker>({
    workers: () => workers,
    ask(worker) {
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.answer = resolve;
      return promise;
    },
    onHang: ({ name }, silentMs) => void hung.push(`${name} ${silentMs}`),
  });
  /** Runs rounds of five seconds up to this time, in which the named workers answer. */
  let now = 0;
  const goTo = async (ms: number, ...answering: readonly string[]) => {
    for (; now <= ms; now += 5_000) {
      watch.checkAll(now);
      for (const worker of workers) if (answering.includes(worker.name)) worker.answer?.();
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  const away = (ms: number) => {
    now += ms;
  };
  return { hung, goTo, away };
}

test('a worker that does not answer for a minute is told of, and no other', async () => {
  const { hung, goTo } = watched('well', 'stuck');
  await goTo(55_000, 'well');
  assert.deepEqual(hung, []);
  await goTo(60_000, 'well');
  assert.deepEqual(hung, ['stuck 60000']);
});

test('one that answers late begins anew', async () => {
  const { hung, goTo } = watched('slow');
  await goTo(50_000);
  await goTo(55_000, 'slow');
  await goTo(115_000);
  assert.deepEqual(hung, []);
  await goTo(120_000);
  assert.deepEqual(hung, ['slow 60000']);
});

test('what nobody could hear counts for nobody: the process stood still', async () => {
  const { hung, goTo, away } = watched('one');
  await goTo(30_000);
  away(3_600_000);
  await goTo(3_600_000 + 85_000);
  assert.deepEqual(hung, []);
});
