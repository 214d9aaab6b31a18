// Requests that arrive during a reload become one further reload, and failures are reported.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedFile } from './load.ts';
import { Reload, type ReloadFailure } from './reload.ts';
import { sampleConfig } from './sample-config.fixture.ts';

function loaded(changes: Parameters<typeof sampleConfig>[0]): LoadedFile {
  const locate: LoadedFile['locate'] = problem => ({ ...problem, file: 'cardea.yaml', line: 3, column: 7 });
  return {
    config: sampleConfig(changes),
    files: [],
    problems: [],
    locate,
    tls: { listeners: [], upstreams: new Map(), certificates: [], revocationLists: [] },
    pairs: new Map(),
    refused: [],
  };
}

function reloadWith(
  deploy: (file: LoadedFile) => Promise<Awaited<ReturnType<Options['deploy']>>>,
  load: Options['load'],
  log: Options['log'] = () => {},
) {
  const done: (ReloadFailure | null)[] = [];
  let version = '';
  const reload = new Reload({
    load,
    deploy: async file => {
      const result = await deploy(file);
      if (result.ok) version = file.config?.version ?? '';
      return result;
    },
    servingVersion: () => version,
    log,
    onDone: failure => done.push(failure),
  });
  return { reload, done };
}

type Options = ConstructorParameters<typeof Reload>[0];

const report = { problems: [], decodedElements: 0, keptRoutes: 0, totalMs: 0, longestSliceMs: 0 };

test('many requests while one runs become exactly one more, which reads anew', async () => {
  let loads = 0;
  let deploys = 0;
  const { reload } = reloadWith(
    async () => {
      deploys++;
      return { ok: true, reports: [report] };
    },
    async () => loaded({ drainTimeoutMs: ++loads }),
  );
  const results = await Promise.all(Array.from({ length: 50 }, () => reload.request('test')));
  assert.deepEqual(new Set(results), new Set([null]));
  assert.equal(loads, 2);
  assert.equal(deploys, 2);
});

test('an unchanged file is not rolled out again', async () => {
  let deploys = 0;
  const { reload } = reloadWith(
    async () => {
      deploys++;
      return { ok: true, reports: [report] };
    },
    async () => loaded({}),
  );
  await reload.request('test');
  await reload.request('test');
  assert.equal(deploys, 1);
});

test('warnings of a configuration that serves are told with their place, and those of one that does not are not', async () => {
  const lines: unknown[] = [];
  let good = false;
  const { reload } = reloadWith(
    async () => (good ? { ok: true, reports: [report] } : { ok: false, problems: [], reason: 'no', lostWorker: false }),
    async () => ({
      ...loaded({ drainTimeoutMs: 1 }),
      problems: [
        {
          severity: 'warning',
          path: [],
          message: 'api.pem expires in 6 days',
          file: 'cardea.yaml',
          line: 4,
          column: 2,
        },
      ],
    }),
    (level, message, fields) => {
      if (level === 'warn') lines.push([message, fields]);
    },
  );
  assert.notEqual(await reload.request('test'), null);
  assert.deepEqual(lines, []);
  good = true;
  assert.equal(await reload.request('test'), null);
  assert.deepEqual(lines, [
    ['configuration warning', { place: 'cardea.yaml:4:2', reason: 'api.pem expires in 6 days' }],
  ]);
});

test('a warning that all workers find while they compile is logged once, with its place', async () => {
  const warned = {
    ...report,
    problems: [{ path: ['routes', 0], message: 'never matches', severity: 'warning' } as const],
  };
  const lines: unknown[] = [];
  const { reload } = reloadWith(
    async () => ({ ok: true, reports: [warned, warned] }),
    async () => loaded({}),
    (level, message, fields) => {
      if (level === 'warn') lines.push([message, fields]);
    },
  );
  await reload.request('test');
  assert.deepEqual(lines, [['configuration warning', { place: 'cardea.yaml:3:7', reason: 'never matches' }]]);
});

test('problems that workers find are told with their place, and a later success forgets them', async () => {
  let good = false;
  const { reload, done } = reloadWith(
    async () =>
      good
        ? { ok: true, reports: [report] }
        : {
            ok: false,
            reason: '',
            lostWorker: false,
            problems: [{ path: ['routes', 0], message: 'no', severity: 'error' }],
          },
    async () => loaded({}),
  );
  const failure = await reload.request('test');
  assert.equal(failure?.reason, 'cardea.yaml:3:7: no');
  good = true;
  assert.equal(await reload.request('test'), null);
  assert.deepEqual([done[0]?.problems.length, done[1]], [1, null]);
});

test('a file that cannot be read is a failure like any other', async () => {
  const { reload } = reloadWith(
    async () => ({ ok: true, reports: [report] }),
    async () => {
      throw new Error('EACCES');
    },
  );
  assert.equal((await reload.request('test'))?.reason, 'EACCES');
});

test('what failed because a worker died is tried again with the one that replaces it, once', async () => {
  let deploys = 0;
  let lost = 1;
  const { reload, done } = reloadWith(
    async () => {
      deploys++;
      return lost-- > 0
        ? { ok: false, reason: 'worker 0 died: by chance', problems: [], lostWorker: true }
        : { ok: true, reports: [report] };
    },
    async () => loaded({ drainTimeoutMs: 1 }),
  );
  reload.workerReplaced();
  assert.equal(deploys, 0);
  assert.match((await reload.request('test'))?.reason ?? '', /by chance/);
  reload.workerReplaced();
  assert.equal(await reload.request('test'), null);
  assert.deepEqual(done.slice(1), [null, null]);
  assert.equal(deploys, 2);
  reload.workerReplaced();
  assert.equal(deploys, 2);
});

test('a configuration of which a worker dies every time is not tried without end', async () => {
  let deploys = 0;
  const { reload } = reloadWith(
    async () => {
      deploys++;
      return { ok: false, reason: 'worker 0 died of it', problems: [], lostWorker: true };
    },
    async () => loaded({ drainTimeoutMs: 1 }),
  );
  await reload.request('test');
  for (let i = 0; i < 5; i++) {
    reload.workerReplaced();
    // A request waits for a reload that is still running. One turn of the loop separates the requests of this test.
    await new Promise(resolve => setImmediate(resolve));
  }
  assert.equal(deploys, 2);
});

test('files that are refused are told one by one and are the failure, whether or not the rest is new', async () => {
  const told: string[] = [];
  const { locate } = loaded({});
  const refused = ['a.pem', 'b.pem'].map(name =>
    locate({ path: [], message: `${name} is not PEM`, severity: 'error' }),
  );
  const { reload, done } = reloadWith(
    async () => ({ ok: true, reports: [report] }),
    async () => ({ ...loaded({}), refused }),
    (level, message, fields) => told.push(`${level} ${message} ${fields?.['reason'] ?? ''}`),
  );
  const lines = refused.map(
    ({ message }) => `error certificate not used, the previous one stays in use cardea.yaml:3:7: ${message}`,
  );
  for (const first of ['configuration reloaded', 'configuration is unchanged']) {
    const failure = await reload.request('test');
    assert.equal(failure?.reason, 'cardea.yaml:3:7: a.pem is not PEM (and 1 more)');
    assert.match(told[0]!, new RegExp(`^info ${first}`));
    assert.deepEqual(told.splice(0).slice(1), lines);
  }
  assert.deepEqual(
    done.map(failure => failure?.problems),
    [refused, refused],
  );
});
