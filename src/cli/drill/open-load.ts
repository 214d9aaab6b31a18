// Requests at a fixed rate, whatever happens to earlier ones, which is how many independent clients look to an upstream. Latency counts
// from the time when a request was due. Knows nothing of gateways.

import { Agent, request as httpRequest } from 'node:http';

export interface OpenLoadResult {
  readonly sent: number;
  /** Requests with a response of status 200, however late. */
  readonly good: number;
  /** Responses of status 200 a second while requests were being sent; later ones are of no use to clients. */
  readonly goodPerSecond: number;
  /** Latency of the good responses, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** Errors of the requests without a complete response. */
  readonly failures: readonly string[];
}

export interface OpenLoadOptions {
  readonly port: number;
  readonly path: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Requests in this time before `seconds` begin are sent but not counted. */
  readonly warmUpSeconds?: number;
}

const TICK_MS = 5;

/** Resolves when every request has its response or has failed. */
export async function openLoad(options: OpenLoadOptions): Promise<OpenLoadResult> {
  const { port, path, perSecond, seconds, warmUpSeconds = 0 } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: 'lifo' });
  const took: number[] = [];
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  const began = performance.now();
  const countFrom = began + warmUpSeconds * 1_000;
  const end = countFrom + seconds * 1_000;
  let count = 0;
  let sent = 0;
  let goodInTime = 0;
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const now = performance.now();
      const wanted = ((Math.min(now, end) - began) / 1_000) * perSecond;
      for (; count < wanted; count++) {
        const due = began + (count / perSecond) * 1_000;
        const counts = due >= countFrom;
        if (counts) sent++;
        const one = ask(agent, port, path).then(outcome => {
          pending.delete(one);
          const now = performance.now();
          if (outcome === 200 && now >= countFrom && now < end) goodInTime++;
          if (!counts) return;
          if (typeof outcome === 'string') failures.push(outcome);
          else {
            statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
            if (outcome === 200) took.push(now - due);
          }
        });
        pending.add(one);
      }
      if (now < end) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(pending);
  agent.destroy();
  took.sort((a, b) => a - b);
  return {
    sent,
    good: took.length,
    goodPerSecond: goodInTime / seconds,
    p50Ms: took[Math.floor(took.length * 0.5)] ?? 0,
    p99Ms: took[Math.floor(took.length * 0.99)] ?? 0,
    statuses,
    failures,
  };
}

function ask(agent: Agent, port: number, path: string): Promise<number | string> {
  return new Promise(resolve => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent }, response => {
      response.resume();
      response.on('end', () => resolve(response.complete ? (response.statusCode ?? 0) : 'half an answer'));
      response.on('error', error => resolve(error.message));
    });
    request.on('error', error => resolve(error.message));
    request.end();
  });
}
