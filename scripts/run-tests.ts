// Runs test files in two passes, first in parallel and then one at a time, and ends with one set of totals.
// Started by test.mjs, which installs the packages and servers that they need.

import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = path.resolve(import.meta.dirname, '..');

/** Folders whose tests measure time, or load the machine so much that other measurements would be wrong. */
const serialFolders = ['test/e2e/cost/', 'test/e2e/slow-clients/', 'test/e2e/smuggling/', 'test/chaos/'];

/** Tests that take the same time on any machine. Started first, so that they do not run alone at the end with idle cores. */
const longest = ['test/fuzz/h1-differential.test.ts'];

/** A test that takes longer hangs: it fails by name, before its whole file is cut off. */
const testTimeoutMs = 180_000;

/** A test file that takes longer is broken. The whole run has `runMs`, less than the twelve minutes of CI. */
const fileTimeoutMs = 240_000;
const runMs = 700_000;

const slowestShown = 20;

/** What both passes add up to. */
class Results {
  readonly totals = new Map<string, number>();
  /** Milliseconds by file. */
  readonly durations = new Map<string, number>();

  /** Adds the duration of a top-level test; tests inside a test are part of its time. */
  addDuration(data: { nesting: number; file?: string; details: { duration_ms: number } }): void {
    if (data.nesting !== 0 || data.file === undefined) return;
    this.durations.set(data.file, (this.durations.get(data.file) ?? 0) + data.details.duration_ms);
  }

  /** Adds a line of the closing summary, such as `pass 12`, which belongs to no file; false for other lines. */
  addTotal(data: { nesting: number; file?: string; message: string }): boolean {
    const match = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) (\d+(?:\.\d+)?)$/.exec(data.message);
    if (match === null || data.nesting !== 0 || data.file !== undefined) return false;
    const [, name = '', value] = match;
    this.totals.set(name, (this.totals.get(name) ?? 0) + Number(value));
    return true;
  }
}

const files = findFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error(`no test file matches ${process.argv.slice(2).join(' ')}`);
  process.exit(1);
}
const isSerial = (file: string) => serialFolders.some(folder => file.startsWith(folder));
const overall = AbortSignal.timeout(runMs);
overall.addEventListener('abort', () => {
  console.error(`the tests did not end within ${runMs / 1000} s`);
  process.exitCode = 1;
});

const reporter = new spec();
Readable.from(bothPasses()).pipe(reporter).pipe(process.stdout);

/** Events of both passes as one stream. The totals of each pass are left out, and their sums given once. */
async function* bothPasses() {
  const results = new Results();
  // One more than there are processors: many tests wait for time to pass, and two at once left a third of two cores idle.
  const sideBySide = Math.max(2, availableParallelism()) + 1;
  const passes = [
    { files: files.filter(file => !isSerial(file)), concurrency: sideBySide },
    { files: files.filter(isSerial), concurrency: 1 },
  ];
  const execArgv = [`--test-timeout=${testTimeoutMs}`];
  for (const pass of passes) {
    if (pass.files.length === 0) continue;
    const events = run({ ...pass, cwd: root, isolation: 'process', execArgv, timeout: fileTimeoutMs, signal: overall });
    for await (const event of events) {
      if (event.type === 'test:fail' && !isExpected(event.data)) process.exitCode = 1;
      if (event.type === 'test:pass' || event.type === 'test:fail') results.addDuration(event.data);
      const isOfWholePass =
        (event.type === 'test:summary' && event.data.file === undefined) ||
        (event.type === 'test:diagnostic' && results.addTotal(event.data));
      if (!isOfWholePass) yield event;
    }
  }
  yield { type: 'test:summary', data: {} }; // lists the failures of both passes
  for (const [name, value] of results.totals) {
    const message = `${name} ${name === 'duration_ms' ? value.toFixed(0) : value}`;
    yield { type: 'test:diagnostic', data: { nesting: 0, level: 'info', message } };
  }
  if ((results.totals.get('tests') ?? 0) === 0) process.exitCode = 1;
  if (results.durations.size > slowestShown) console.error(slowest(results.durations));
}

/** The slowest files, where to look first when the run takes too long. Hooks count for the test that waits for them. */
function slowest(durations: ReadonlyMap<string, number>): string {
  const files = [...durations].sort(([, one], [, other]) => other - one).slice(0, slowestShown);
  const lines = files.map(([file, ms]) => `${(ms / 1000).toFixed(0).padStart(6)} s  ${path.relative(root, file)}`);
  return ['the slowest files:', ...lines].join('\n');
}

/** A failing `todo` test does not fail the run. */
function isExpected(data: { todo?: string | boolean }): boolean {
  return data.todo !== undefined && data.todo !== false;
}

/** Test files that match the given files, folders and patterns; all test files when none is given. Paths relative to the root. */
function findFiles(given: readonly string[]): string[] {
  const patterns = given.length === 0 ? ['src', 'test', 'bench', 'scripts'] : given;
  const found = patterns.flatMap(pattern => {
    const relative = path.relative(root, path.resolve(root, pattern));
    const isFolder = statSync(path.join(root, relative), { throwIfNoEntry: false })?.isDirectory() === true;
    return globSync(isFolder ? `${relative}/**/*.test.ts` : relative, { cwd: root });
  });
  const sorted = [...new Set(found)].sort();
  return [...sorted.filter(file => longest.includes(file)), ...sorted.filter(file => !longest.includes(file))];
}
