// A client that sends the same request once a millisecond over one kept-alive connection, and records which response came when. Shows from
// outside when a reload takes effect and for how long the server does not respond.

import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Probe {
  /** When the request that first got this body was sent, by performance.now(). Resolves once there is one; rejects after `timeoutMs`. */
  firstAskedMs(body: string, timeoutMs: number): Promise<number>;
  /** Ends the probe. Returns the longest wait for a response since it began, and how many requests got none. */
  stop(): Promise<{ longestMs: number; failed: number }>;
}

/** Sends GET `path` from now on. A connection that the server closed while idle is opened again, which is not a failure. */
export function startProbe(port: number, path: string): Probe {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const firstSeen = new Map<string, number>();
  let stopping = false;
  let longestMs = 0;
  let failed = 0;
  const running = (async () => {
    while (!stopping) {
      const askedMs = performance.now();
      try {
        const body = await get(agent, port, path);
        if (!firstSeen.has(body)) firstSeen.set(body, askedMs);
      } catch {
        failed++;
      }
      longestMs = Math.max(longestMs, performance.now() - askedMs);
      await delay(1);
    }
    agent.destroy();
  })();
  return {
    async firstAskedMs(body, timeoutMs) {
      const until = performance.now() + timeoutMs;
      while (!firstSeen.has(body)) {
        if (performance.now() > until) throw new Error(`no answer was ${body} within ${timeoutMs} ms`);
        await delay(1);
      }
      return firstSeen.get(body)!;
    },
    async stop() {
      stopping = true;
      await running;
      return { longestMs, failed };
    },
  };
}

async function get(agent: Agent, port: number, path: string): Promise<string> {
  for (;;) {
    try {
      return await getOnce(agent, port, path);
    } catch (error) {
      // RFC 9112, section 9.3.1: a kept-alive connection may be closed at any time, and the client sends the request again.
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}

class StaleConnection extends Error {}

function getOnce(agent: Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      agent,
      headers: { host: 'api.example.com' },
      timeout: 30_000,
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', error => reject(sent.reusedSocket ? new StaleConnection(error.message) : error));
    sent.on('response', response => {
      let body = '';
      response.on('data', (piece: Buffer) => {
        body += piece.toString('latin1');
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`${response.statusCode}`)),
      );
      response.on('error', reject);
    });
    sent.end();
  });
}
