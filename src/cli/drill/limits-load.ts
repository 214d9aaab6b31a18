// The load of the drill of limits: an even stream of requests for each key, spread unevenly over gateways; counts what each key was
// admitted in each window.

import { Agent, request } from 'node:http';

export interface LimitsLoad {
  readonly ports: readonly number[];
  /** Of the gateways. */
  readonly weights: readonly number[];
  readonly keys: number;
  /** Requests a second, of each key. */
  readonly perSecond: number;
  readonly forMs: number;
  readonly windowMs: number;
}

/** Of one key in one window. */
export interface WindowCount {
  offered: number;
  admitted: number;
  /** Neither admitted nor refused for the budget. */
  failed: number;
}

export interface LimitsCounts {
  /** By key, then by window; requests belong to the window in which they were sent. */
  readonly windows: readonly (readonly WindowCount[])[];
  readonly longestMs: number;
}

const STEP_MS = 5;
const SOCKETS_A_GATEWAY = 16;

export async function offerLoad({
  ports,
  weights,
  keys,
  perSecond,
  forMs,
  windowMs,
}: LimitsLoad): Promise<LimitsCounts> {
  const agents = ports.map(() => new Agent({ keepAlive: true, maxSockets: SOCKETS_A_GATEWAY }));
  const windows = Array.from({ length: keys }, () =>
    Array.from({ length: Math.ceil(forMs / windowMs) }, (): WindowCount => ({ offered: 0, admitted: 0, failed: 0 })),
  );
  const credits = weights.map(() => 0);
  const open = new Set<Promise<void>>();
  let longestMs = 0;
  const start = performance.now();
  let sent = 0;
  const send = (key: number) => {
    const gateway = turnOf(weights, credits);
    const sentAt = performance.now();
    const place = Math.min(windows[key]!.length - 1, Math.floor((sentAt - start) / windowMs));
    const count = windows[key]![place]!;
    count.offered++;
    const done = statusOf(ports[gateway]!, agents[gateway]!, key).then(status => {
      open.delete(done);
      longestMs = Math.max(longestMs, performance.now() - sentAt);
      if (status === 200) count.admitted++;
      else if (status !== 429) count.failed++;
    });
    open.add(done);
  };
  for (let now = 0; now < forMs; now = performance.now() - start) {
    const due = Math.floor((now * perSecond * keys) / 1_000);
    for (; sent < due; sent++) send(sent % keys);
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(open);
  for (const agent of agents) agent.destroy();
  return { windows, longestMs };
}

/** Smooth weighted round-robin. */
function turnOf(weights: readonly number[], credits: number[]): number {
  let best = 0;
  let sum = 0;
  for (const [at, weight] of weights.entries()) {
    sum += weight;
    credits[at]! += weight;
    if (credits[at]! > credits[best]!) best = at;
  }
  credits[best]! -= sum;
  return best;
}

/** 0 when there was no response. */
function statusOf(port: number, agent: Agent, key: number): Promise<number> {
  return new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, agent, headers: { 'x-drill-key': `key-${key}` } }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', () => resolve(0));
    asked.end();
  });
}
