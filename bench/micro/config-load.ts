// Cost of reading and checking a configuration of 10,000 routes: the first load of a process, a reload in which every route has changed,
// one in which one route has changed, and one without a change. In one file or in 100 included files.
// Run: node bench/micro/config-load.ts [short|long|chained] [one|included]

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { filterSchemas, loadLanguages } from '../../src/compile/languages.ts';
import { readPlainYaml } from '../../src/config/documents/plain-yaml.ts';
import { readYaml } from '../../src/config/documents/yaml.ts';
import { loadConfig } from '../../src/config/load.ts';
import { LoadCache } from '../../src/config/load-cache.ts';

const routeCount = 10_000;
const includedCount = 100;
const rounds = 15;

/** A process measures one kind of route in one layout only: the first load of another would find the code compiled. */
const [shape = 'short', arrangement = 'one'] = process.argv.slice(2);

const chains = `chains:
  all:
    - headers: { request: { set: { x-route: chained } } }
`;

const head = `listeners:
  - address: 127.0.0.1:8080
upstreams:
  users:
    endpoints: [http://127.0.0.1:9001, "http://127.0.0.1:9002"]
${shape === 'chained' ? chains : ''}`;

type RouteText = (i: number, version: number) => string;

/** About 90 bytes. `version` is part of every route's path, so that two versions have no route in common. */
function shortRoute(i: number, version: number): string {
  return `  - name: route-${i}
    match: { path: /v${version}/service${i}/* }
    to: users
`;
}

/** About 250 bytes. */
function longRoute(i: number, version: number): string {
  return `  - name: route-${i}
    match:
      host: api${i % 50}.example.com
      path: /v${version}/team${i % 100}/service${i}/*   # owned by team ${i % 100}
      methods: [GET, POST]
    filters:
      - headers: { request: { set: { x-route: "r${i}" } } }
    to: users
    timeout: ${(i % 20) + 1}s
`;
}

/** As the long one, with its filters in a chain that all routes use. */
function chainedRoute(i: number, version: number): string {
  return longRoute(i, version).replace(/- headers: .*/, '- chain: all');
}

interface Layout {
  readonly name: string;
  readonly main: string;
  write(versionOf: (i: number) => number): number;
}

function oneFile(folder: string, routeText: RouteText): Layout {
  const main = path.join(folder, 'cardea.yaml');
  return {
    name: 'one file',
    main,
    write(versionOf) {
      const text = `${head}routes:\n${routeTexts(routeText, 0, routeCount, versionOf)}`;
      writeFileSync(main, text);
      return text.length;
    },
  };
}

function included(folder: string, routeText: RouteText): Layout {
  const main = path.join(folder, 'cardea.yaml');
  mkdirSync(path.join(folder, 'routes'));
  return {
    name: `${includedCount} files`,
    main,
    write(versionOf) {
      writeFileSync(main, `include: [routes/*.yaml]\n${head}`);
      const each = routeCount / includedCount;
      let size = 0;
      for (let i = 0; i < includedCount; i++) {
        const text = `routes:\n${routeTexts(routeText, i * each, (i + 1) * each, versionOf)}`;
        writeFileSync(path.join(folder, 'routes', `${String(i).padStart(3, '0')}.yaml`), text);
        size += text.length;
      }
      return size;
    },
  };
}

function routeTexts(routeText: RouteText, from: number, to: number, versionOf: (i: number) => number): string {
  let text = '';
  for (let i = from; i < to; i++) text += routeText(i, versionOf(i));
  return text;
}

/** Wall and processor time in milliseconds. On a busy machine only the processor time says what a load costs. */
interface Cost {
  readonly wallMs: number;
  readonly processorMs: number;
}

function costOf(work: () => void): Cost {
  const start = performance.now();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - start, processorMs: (user + system) / 1000 };
}

function load(main: string, cache: LoadCache): void {
  const result = loadConfig(main, { filters: filterSchemas, env: {}, cache });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  if (result.config.routes.length !== routeCount) throw new Error('routes are missing');
}

function summary(costs: readonly Cost[]): string {
  const of = (key: keyof Cost) => costs.map(cost => cost[key]).sort((a, b) => a - b);
  const [wall, processor] = [of('wallMs'), of('processorMs')];
  const median = (list: readonly number[]) => list[list.length >> 1]!.toFixed(1);
  return `median ${median(wall)} ms (processor ${median(processor)}), best ${wall[0]!.toFixed(1)}, worst ${wall.at(-1)!.toFixed(1)}`;
}

function measure(layout: Layout): void {
  const cache = new LoadCache();
  const size = layout.write(() => 0);
  const first = costOf(() => load(layout.main, cache));
  console.log(`${layout.name}, ${(size / 1e6).toFixed(2)} MB`);
  console.log(`  first load: ${summary([first])}`);
  const costs: Record<'every route changed' | 'one route changed' | 'nothing changed', Cost[]> = {
    'every route changed': [],
    'one route changed': [],
    'nothing changed': [],
  };
  for (let round = 1; round <= rounds; round++) {
    layout.write(() => 2 * round);
    costs['every route changed'].push(costOf(() => load(layout.main, cache)));
    layout.write(i => (i === routeCount >> 1 ? 2 * round + 1 : 2 * round));
    costs['one route changed'].push(costOf(() => load(layout.main, cache)));
    costs['nothing changed'].push(costOf(() => load(layout.main, cache)));
  }
  for (const [what, list] of Object.entries(costs)) console.log(`  ${what}: ${summary(list)}`);
}

/** The two readers by themselves, on the same text. */
function measureReaders(routeText: RouteText): void {
  const text = `${head}routes:\n${routeTexts(routeText, 0, routeCount, () => 1)}`;
  for (const [name, read] of [
    ['readPlainYaml', readPlainYaml],
    ['js-yaml', readYaml],
  ] as const) {
    const costs = Array.from({ length: rounds }, () => costOf(() => read(text)));
    console.log(`  ${name} alone: ${summary(costs)}`);
  }
}

await loadLanguages();

const routeText = { long: longRoute, chained: chainedRoute }[shape] ?? shortRoute;
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-config-load-'));
try {
  measure(arrangement === 'included' ? included(folder, routeText) : oneFile(folder, routeText));
  if (arrangement === 'one') measureReaders(routeText);
} finally {
  rmSync(folder, { recursive: true });
}
