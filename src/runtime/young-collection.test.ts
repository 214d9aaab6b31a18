// The collector looks at what is new when it is asked, and at nothing else.

import assert from 'node:assert/strict';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runSliced } from './run-sliced.ts';
import { collectYoung } from './young-collection.ts';

test('a collection of what is new is one when it is asked for', async () => {
  setFlagsFromString('--expose-gc');
  // Because: the flag gives every new context a `gc`, and there is no other way to it from within.
  globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;
  const kind = await new Promise(resolve => {
    const observer = new PerformanceObserver(list => {
      observer.disconnect();
      const [entry] = list.getEntries();
      // Because: entries of the collector have it, and the type of all entries does not say so.
      resolve((entry as { detail?: { kind?: number } } | undefined)?.detail?.kind);
    });
    observer.observe({ entryTypes: ['gc'] });
    collectYoung();
  });
  assert.equal(kind, constants.NODE_PERFORMANCE_GC_MINOR);
});

test('what is done between slices has turns of its own, and is told what they took', async () => {
  const seen: string[] = [];
  const steps = (function* () {
    for (const each of ['a', 'b']) {
      seen.push(each);
      setImmediate(() => seen.push('turn'));
      yield;
    }
    return 'c';
  })();
  const { value } = await runSliced(
    steps,
    () => false,
    sliceMs => seen.push(sliceMs >= 0 ? 'between' : 'never'),
  );
  assert.equal(value, 'c');
  assert.deepEqual(seen, ['a', 'turn', 'between', 'b', 'turn', 'between']);
});
