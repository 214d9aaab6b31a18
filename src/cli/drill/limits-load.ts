// The load of the limits drill: an even stream of requests for each key, spread unevenly over gateways. Counts the admitted requests of
// each key in each window.

import { Agent, request } from 'node:http';

export interface LimitsLoad {
  readonly ports: readonly number[];
  /** Weights of the gateways, in the order of `ports`. */
  readonly weights: readonly number[];
  readonly keys: number;
  /** Requests a second for each key. */
  readonly perSecond: number;
  readonly forMs: number;
  readonly windowMs: number;
}

/** Counts of one key in one window. */
export interface WindowCount {
  offered: number;
  admitted: number;
  /** Neither admitted (200) nor refused because of the limit (429). */
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

/** Index of the next gateway, by smooth weighted round-robin. */
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

/** The status of the response; 0 when there was none. */
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
