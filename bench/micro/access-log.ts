// What telemetry costs for a request, in nanoseconds: `node bench/micro/access-log.ts`. Best and median of several rounds; not a gate.

import { latin1 } from '../../src/base/latin1.ts';
import {
  type AccessFields,
  accessLineBytesMax,
  clientPart,
  emptyAccessFields,
  endpointPart,
  routePart,
  writeAccessLine,
} from '../../src/telemetry/access-line.ts';
import { AccessLog } from '../../src/telemetry/access-log.ts';
import { recordDuration } from '../../src/telemetry/histogram.ts';
import { jsonString } from '../../src/telemetry/json-text.ts';
import { blockKinds, RouteCell } from '../../src/telemetry/metric-families.ts';
import { newRequestId } from '../../src/telemetry/request-id.ts';
import { traceContext } from '../../src/telemetry/trace-context.ts';

const ROUNDS = 9;
let sink = 0;

function measure(name: string, count: number, run: (i: number) => void): void {
  const nanos: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) run(i);
    nanos.push(((performance.now() - start) * 1e6) / count);
  }
  nanos.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(44)} best ${nanos[0]!.toFixed(1).padStart(7)} ns   median ${nanos[ROUNDS >> 1]!.toFixed(1).padStart(7)} ns`,
  );
}

/** Like `measure`, in pieces that fit into the log's backlog, and without the time of writing them out, which other threads do. */
async function measureLines(name: string, run: (i: number) => void): Promise<void> {
  // Four buffers' worth. More would measure fresh memory, which a log that is written out does not need.
  const linesAPiece = 500;
  const nanos: number[] = [];
  for (let piece = 0; piece < 1_000; piece++) {
    const start = performance.now();
    for (let i = 0; i < linesAPiece; i++) run(i);
    nanos.push(((performance.now() - start) * 1e6) / linesAPiece);
    await log.flush();
  }
  nanos.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(44)} best ${nanos[0]!.toFixed(1).padStart(7)} ns   median ${nanos[500]!.toFixed(1).padStart(7)} ns`,
  );
}

const heads = Array.from({ length: 64 }, (_, i) => {
  const bytes = Buffer.from(
    `GET /api/users/${i + 1000} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: curl/8.5.0 (linux)\r\n`,
  );
  return latin1(bytes, 0, bytes.length);
});
const fields = emptyAccessFields();
const client = clientPart('203.0.113.7');
const routes = ['users', 'orders', 'items', 'carts'].map(routePart);
const endpoints = [1, 2, 3].map(n => endpointPart('users', `http://10.0.0.${n}:8080`));
const consumers = Array.from({ length: 64 }, (_, n) => `consumer-${n * 31}`);
const statuses = [200, 200, 304, 404];
const started = Date.now();

function fill(i: number, route: string): AccessFields {
  const head = heads[i & 63];
  fields.timeMs = started + i / 20;
  fields.requestId = newRequestId();
  fields.traceId = fields.requestId;
  fields.clientPart = client;
  fields.routePart = route;
  fields.endpointPart = endpoints[0]!;
  fields.method = 'GET';
  fields.host = head!.slice(36, 51);
  fields.path = head!.slice(4, 19);
  fields.status = 200;
  fields.bytesIn = 123;
  fields.bytesOut = 1_024 + (i & 1_023);
  fields.durationMs = 1.25 + (i & 127) / 77;
  fields.upstreamMs = 0.9 + (i & 63) / 77;
  fields.overheadMs = 0.011;
  fields.attempts = 1;
  fields.consumer = null;
  fields.userAgent = head!.slice(65, 83);
  fields.protocol = 'HTTP/1.1';
  return fields;
}

let dropped = 0;
const log = new AccessLog({ path: '/dev/null', onDropped: lines => (dropped += lines) });
/** Writes a line as a worker does. */
function write(line: AccessFields): void {
  const bytes = log.reserve(accessLineBytesMax(line));
  if (bytes !== null) log.commit(writeAccessLine(bytes, log.position, line));
}

const flat = 'x'.repeat(480);
const cells = new Float64Array(new SharedArrayBuffer(blockKinds.route.cellCount * 8));
const durations = Float64Array.from({ length: 4_096 }, () => Math.exp(Math.random() * 14 - 4));
const parents = Array.from({ length: 64 }, () => traceContext(undefined).traceparent);

measure('filling the record, request id included', 300_000, i => {
  sink += fill(i, routes[0]!).status;
});
await measureLines('a line, one route', i => write(fill(i, routes[0]!)));
await measureLines('a line, routes in turn', i => write(fill(i, routes[i & 3]!)));
await measureLines('a line, endpoints in turn', i => {
  const line = fill(i, routes[0]!);
  line.endpointPart = endpoints[i % 3]!;
  write(line);
});
await measureLines('a line, consumers in turn', i => {
  const line = fill(i, routes[0]!);
  line.consumer = consumers[i & 63]!;
  write(line);
});
await measureLines('a line, outcomes in turn', i => {
  const line = fill(i, routes[0]!);
  line.status = statuses[i & 3]!;
  write(line);
});
await measureLines('append of a flat line of 480 bytes', () => log.append(flat));
measure('jsonString of 15 letters', 1_000_000, i => {
  sink += jsonString(heads[i & 63]!.slice(4, 19)).length;
});
measure('recordDuration, durations of all sizes', 3_000_000, i =>
  recordDuration(cells, RouteCell.duration, durations[i & 4_095]!),
);
measure('recordDuration, around 1 ms', 3_000_000, i => recordDuration(cells, RouteCell.duration, 0.8 + (i & 7) / 40));
measure('cells[offset + RouteCell.status2xx]++', 3_000_000, () => {
  cells[RouteCell.status2xx]!++;
});
measure('newRequestId', 1_000_000, () => {
  sink += newRequestId().length;
});
measure('traceContext, new', 1_000_000, () => {
  sink += traceContext(undefined).traceparent.length;
});
measure('traceContext, continued', 1_000_000, i => {
  sink += traceContext(parents[i & 63]).traceparent.length;
});
await log.close();
if (sink === 0 || dropped !== 0) console.log('not to be trusted: lines were dropped');
