import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { recordDuration } from './histogram.ts';
import { GatewayCell, RouteCell, refusalCell, UpstreamCell, WorkerCell } from './metric-families.ts';
import { MetricRegistry } from './metric-registry.ts';
import { sampleProcess } from './process-vitals.ts';
import { renderPrometheus } from './prometheus.ts';

interface Family {
  type: string;
  samples: Map<string, number>;
}

const sampleLine =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?|[+-]Inf|NaN)$/;
const suffixes = { histogram: ['_bucket', '_sum', '_count'], counter: [''], gauge: [''] } as Record<string, string[]>;

/** Reads text format 0.0.4 more strictly than Prometheus does: HELP, TYPE, samples of one family together, nothing twice. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, Family>();
  let name = '';
  let expectType = false;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, about = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      assert.ok(!families.has(about) && !expectType, line);
      name = about;
      expectType = true;
    } else if (keyword === 'TYPE') {
      assert.ok(expectType && about === name && rest in suffixes, line);
      families.set(name, { type: rest, samples: new Map() });
      expectType = false;
    } else {
      const [, sample = '', labels, value] = sampleLine.exec(line) ?? assert.fail(`not a sample: ${line}`);
      const family = families.get(name) ?? assert.fail(`before any TYPE: ${line}`);
      assert.ok(
        suffixes[family.type]!.some(suffix => sample === name + suffix),
        `${line} stands under ${name}`,
      );
      const key = labels === undefined ? sample : `${sample}{${labels}}`;
      assert.ok(!family.samples.has(key), `twice: ${line}`);
      family.samples.set(key, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
    }
  }
  return families;
}

function exampleRegistry(): MetricRegistry {
  const registry = new MetricRegistry({ routesMax: 10, upstreamsMax: 10 });
  const odd = registry.block('route', 'a "quoted" \\ back\nslash');
  const users = registry.block('route', 'users');
  const upstream = registry.block('upstream', 'users');
  const worker = registry.block('worker', '');
  const cellsOf = (slot: number) => new Float64Array(registry.openSlot(slot));
  const [one, two] = [cellsOf(0), cellsOf(1)];
  one[users + RouteCell.status2xx] = 40;
  two[users + RouteCell.status2xx] = 2;
  one[odd + RouteCell.status5xx] = 1;
  for (const ms of [0.01, 0.05, 0.3, 70_000]) recordDuration(one, users + RouteCell.duration, ms);
  recordDuration(two, users + RouteCell.duration, 3);
  one[upstream + UpstreamCell.connectionsIdle] = 3;
  two[upstream + UpstreamCell.connectionsIdle] = 4;
  one[worker + WorkerCell.eventLoopDelayMaxMs] = 12;
  two[worker + WorkerCell.eventLoopDelayMaxMs] = 250;
  two[worker + refusalCell.route_not_found] = 9;
  const gateway = registry.block('gateway', '');
  registry.own.cells[gateway + GatewayCell.reloads] = 3;
  sampleProcess(registry.own.cells, gateway);
  return registry;
}

test('values of all workers are merged, times are in seconds, labels escaped', () => {
  const families = parse(renderPrometheus(exampleRegistry()));
  const value = (family: string, sample: string) => families.get(family)?.samples.get(sample);
  assert.equal(value('cardea_requests_total', 'cardea_requests_total{route="users",class="2xx"}'), 42);
  assert.equal(
    value('cardea_requests_total', 'cardea_requests_total{route="a \\"quoted\\" \\\\ back\\nslash",class="5xx"}'),
    1,
  );
  assert.equal(value('cardea_requests_total', 'cardea_requests_total{route="none",class="4xx"}'), 0);
  assert.equal(value('cardea_upstream_connections', 'cardea_upstream_connections{upstream="users",state="idle"}'), 7);
  assert.equal(value('cardea_event_loop_delay_seconds', 'cardea_event_loop_delay_seconds{stat="max"}'), 0.25);
  assert.equal(value('cardea_refusals_total', 'cardea_refusals_total{code="route_not_found"}'), 9);
  assert.equal(value('cardea_config_reloads_total', 'cardea_config_reloads_total{result="success"}'), 3);
  const start = value('process_start_time_seconds', 'process_start_time_seconds') ?? 0;
  assert.ok(Math.abs(start - (Date.now() / 1_000 - process.uptime())) < 5);
  assert.ok((value('process_resident_memory_bytes', 'process_resident_memory_bytes') ?? 0) > 1e6);
});

test('a histogram is cumulative, ends in +Inf with its count, and is left out while it is empty', () => {
  const name = 'cardea_request_duration_seconds';
  const samples = parse(renderPrometheus(exampleRegistry())).get(name)?.samples ?? new Map<string, number>();
  const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`));
  const counts = buckets.map(([, count]) => count);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  assert.equal(samples.get(`${name}_bucket{route="users",le="0.00002"}`), 1);
  assert.equal(samples.get(`${name}_bucket{route="users",le="0.00005"}`), 2);
  assert.equal(samples.get(`${name}_bucket{route="users",le="60"}`), 4);
  assert.equal(samples.get(`${name}_bucket{route="users",le="+Inf"}`), 5);
  assert.equal(samples.get(`${name}_count{route="users"}`), 5);
  assert.ok(Math.abs((samples.get(`${name}_sum{route="users"}`) ?? 0) - 70.00336) < 1e-9);
  assert.ok(![...samples.keys()].some(key => key.includes('route="other"')));
});

const promtool = spawnSync('promtool', ['--version']);
const skip = promtool.error === undefined ? false : 'promtool is not there: apt-get install prometheus';

test('promtool of Prometheus finds nothing to complain about', { skip }, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: renderPrometheus(exampleRegistry()),
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
