// The clients of a drill: each repeats one request with short pauses, and records every response and its latency.

import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const CLIENTS = 8;
const PAUSE_MS = 5;

interface Sample {
  readonly at: number;
  readonly tookMs: number;
  readonly good: boolean;
}

export class DrillLoad {
  private readonly url: string;
  private readonly samples: Sample[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly clients: Promise<void>[];
  private stopping = false;

  constructor(url: string) {
    this.url = url;
    this.clients = Array.from({ length: CLIENTS }, () => this.client());
  }

  /** Stops the clients; resolves when every request has its response. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
    this.agent.destroy();
  }

  /**
   * Figures of the requests that began from `from` until `to`, in milliseconds of performance.now(): their number, how many failed, and the
   * 99th percentile and maximum of their latency.
   */
  between(from: number, to: number): { requests: number; failed: number; p99Ms: number; longestMs: number } {
    const inside = this.samples.filter(({ at }) => at >= from && at < to);
    const took = inside.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    return {
      requests: inside.length,
      failed: inside.filter(({ good }) => !good).length,
      p99Ms: Math.round(took[Math.floor(took.length * 0.99)] ?? 0),
      longestMs: Math.round(took.at(-1) ?? 0),
    };
  }

  private async client(): Promise<void> {
    while (!this.stopping) {
      const at = performance.now();
      const good = await this.ask();
      this.samples.push({ at, tookMs: performance.now() - at, good });
      await delay(PAUSE_MS);
    }
  }

  private ask(): Promise<boolean> {
    return new Promise(resolve => {
      const request = httpRequest(this.url, { agent: this.agent }, response => {
        response.resume();
        response.on('end', () => resolve(response.complete && (response.statusCode ?? 500) < 500));
        response.on('error', () => resolve(false));
      });
      request.on('error', () => resolve(false));
      request.end();
    });
  }
}
