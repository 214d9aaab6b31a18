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
  const pending = new Set<Promise<void>>();
  const began = performance.now();
  const tally = new Tally(began + warmUpSeconds * 1_000, seconds);
  const send = (due: number): void => {
    const one = ask(agent, port, path).then(outcome => {
      pending.delete(one);
      tally.add(outcome, due);
    });
    pending.add(one);
  };
  let count = 0;
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const now = performance.now();
      const wanted = ((Math.min(now, tally.end) - began) / 1_000) * perSecond;
      for (; count < wanted; count++) send(began + (count / perSecond) * 1_000);
      if (now < tally.end) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(pending);
  agent.destroy();
  return tally.result();
}

/** Counts the requests that were due between `from` and `end`. */
class Tally {
  readonly end: number;
  private readonly from: number;
  private readonly seconds: number;
  private readonly took: number[] = [];
  private readonly statuses = new Map<number, number>();
  private readonly failures: string[] = [];
  private goodInTime = 0;

  /** `from` is a time of the monotonic clock, in milliseconds. */
  constructor(from: number, seconds: number) {
    this.from = from;
    this.end = from + seconds * 1_000;
    this.seconds = seconds;
  }

  /** `outcome` is the status of a response that came now, or the error in place of one. */
  add(outcome: number | string, due: number): void {
    const now = performance.now();
    if (outcome === 200 && now >= this.from && now < this.end) this.goodInTime++;
    if (due < this.from) return;
    if (typeof outcome === 'string') {
      this.failures.push(outcome);
      return;
    }
    this.statuses.set(outcome, (this.statuses.get(outcome) ?? 0) + 1);
    if (outcome === 200) this.took.push(now - due);
  }

  result(): OpenLoadResult {
    const { took, statuses, failures } = this;
    took.sort((a, b) => a - b);
    const answered = [...statuses.values()].reduce((sum, each) => sum + each, 0);
    return {
      sent: answered + failures.length,
      good: took.length,
      goodPerSecond: this.goodInTime / this.seconds,
      p50Ms: took[Math.floor(took.length * 0.5)] ?? 0,
      p99Ms: took[Math.floor(took.length * 0.99)] ?? 0,
      statuses,
      failures,
    };
  }
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
