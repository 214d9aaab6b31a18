// Clients that send requests without pause over kept connections and record how long each response took and what failed.

import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Sample {
  readonly at: number;
  readonly tookMs: number;
}

export class ChaosLoad {
  readonly samples: Sample[] = [];
  /** One line per failure. */
  readonly failures: string[] = [];
  private readonly url: string;
  private readonly agent: Agent;
  private readonly clients: Promise<void>[];
  private stopping = false;

  constructor(url: string, connections = 12) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.clients = Array.from({ length: connections }, () => this.client());
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
    this.agent.destroy();
  }

  /** 99th percentile of the durations of requests that began in this interval, in milliseconds; NaN when there are none. */
  p99(from: number, to: number): number {
    const took = this.samples.filter(({ at }) => at >= from && at < to).map(({ tookMs }) => tookMs);
    took.sort((a, b) => a - b);
    return took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  }

  private async client(): Promise<void> {
    while (!this.stopping) {
      const at = performance.now();
      const outcome = await this.ask();
      if (outcome === 200) this.samples.push({ at, tookMs: performance.now() - at });
      else this.failures.push(String(outcome));
      await delay(3);
    }
  }

  private ask(): Promise<number | string> {
    return new Promise(resolve => {
      const request = httpRequest(this.url, { agent: this.agent }, response => {
        response.resume();
        response.on('end', () => resolve(response.complete ? response.statusCode! : 'half an answer'));
        response.on('error', error => resolve(error.message));
      });
      request.on('error', error => resolve(error.message));
      request.end();
    });
  }
}
