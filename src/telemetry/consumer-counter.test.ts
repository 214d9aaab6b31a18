// Requests by consumer in the cells of several threads: one place per name, whichever thread meets it first, and a bound for all places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ConsumerBook, consumerBookBytes, FULL, NO_PLACE } from './consumer-book.ts';
import { ConsumerCounter } from './consumer-counter.ts';
import { MetricRegistry } from './metric-registry.ts';
import { renderPrometheus } from './prometheus.ts';

function lines(registry: MetricRegistry, family: string): string[] {
  return renderPrometheus(registry)
    .split('\n')
    .filter(line => line.startsWith(`${family}{`) && !line.endsWith(' 0'))
    .sort();
}

test('each consumer that called first has its own series, the others share one, over all workers', () => {
  const registry = new MetricRegistry({ consumersMax: 2 });
  const counters = [0, 1].map(
    slot => new ConsumerCounter(new Float64Array(registry.openSlot(slot)), registry.consumers!),
  );
  counters[0]!.count('acme', 200, 10, 100);
  counters[1]!.count('acme', 429, 1, 1);
  counters[1]!.count('b "quoted"', 204, 0, 0);
  counters[0]!.count('late', 500, 5, 5);
  counters[0]!.count('late', 502, 5, 5);
  counters[0]!.count('b "quoted"', 204, 0, 0);
  counters[1]!.count('other', 200, 0, 0);
  counters[1]!.count('x'.repeat(200), 200, 0, 0);
  assert.deepEqual(lines(registry, 'cardea_consumer_requests_total'), [
    'cardea_consumer_requests_total{consumer="acme",class="2xx"} 1',
    'cardea_consumer_requests_total{consumer="acme",class="4xx"} 1',
    'cardea_consumer_requests_total{consumer="b \\"quoted\\"",class="2xx"} 2',
    'cardea_consumer_requests_total{consumer="other",class="2xx"} 2',
    'cardea_consumer_requests_total{consumer="other",class="5xx"} 2',
  ]);
  assert.deepEqual(lines(registry, 'cardea_consumer_request_bytes_total'), [
    'cardea_consumer_request_bytes_total{consumer="acme"} 11',
    'cardea_consumer_request_bytes_total{consumer="other"} 10',
  ]);
});

test('without a number there are no cells and no series', () => {
  const registry = new MetricRegistry();
  assert.equal(registry.consumers, null);
  assert.equal(registry.layout.regions.consumer.blocks, 0);
  assert.deepEqual(lines(registry, 'cardea_consumer_requests_total'), []);
});

test('a name has one place in every thread, and a name that is being written is asked for again', () => {
  const memory = new SharedArrayBuffer(consumerBookBytes(64));
  const [one, other] = [new ConsumerBook(memory), new ConsumerBook(memory)];
  const names = Array.from({ length: 64 }, (_, n) => `consumer-${n}`);
  const places = names.map((name, n) => (n % 2 === 0 ? one : other).placeOf(name));
  assert.equal(new Set(places).size, 64);
  assert.deepEqual(
    names.map(name => other.placeOf(name)),
    places,
  );
  assert.deepEqual(new Map(one.entries()), new Map(names.map((name, n) => [name, places[n]])));
  assert.equal(one.placeOf('one more'), FULL);
  // The state after a thread was ended in the middle of writing: the hash is there, the name is not.
  const words = new Int32Array(memory);
  words[(places[0]! * consumerBookBytes(1)) / 4 + 1] = 0;
  assert.equal(one.placeOf(names[0]!), NO_PLACE);
});

test('threads that meet the same consumers at the same time agree', async () => {
  const memory = new SharedArrayBuffer(consumerBookBytes(2_000));
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { ConsumerBook } = await import(workerData.book);
    const book = new ConsumerBook(workerData.memory);
    const start = new Int32Array(workerData.gate);
    parentPort.postMessage('ready');
    Atomics.wait(start, 0, 0);
    const places = [];
    for (let n = 0; n < 1000; n++) {
      let place;
      do place = book.placeOf('consumer-' + n); while (place === -2);
      places.push(place);
    }
    parentPort.postMessage(places);
  `;
  const gate = new SharedArrayBuffer(4);
  const book = new URL('./consumer-book.ts', import.meta.url).href;
  const answers = Array.from({ length: 3 }, () => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { book, memory, gate },
    });
    const ready = Promise.withResolvers<void>();
    const places = Promise.withResolvers<number[]>();
    worker.on('message', (message: 'ready' | number[]) => {
      if (message === 'ready') ready.resolve();
      else places.resolve(message);
    });
    worker.on('error', places.reject);
    return { ready: ready.promise, places: places.promise };
  });
  await Promise.all(answers.map(({ ready }) => ready));
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  const [first, ...others] = await Promise.all(answers.map(({ places }) => places));
  for (const each of others) assert.deepEqual(each, first);
  assert.equal(new Set(first).size, 1_000);
});
