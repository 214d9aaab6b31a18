// The gateway before an HTTP/2 endpoint scripted by the test, and what a client receives through both.

import type { IncomingMessage } from 'node:http';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { type H2Server, type H2ServerHandlers, startH2Server } from '../../support/h2-server.ts';

export async function start(
  t: { after(end: () => unknown): void },
  handlers: H2ServerHandlers,
  options: EngineOptions = {},
): Promise<{ engine: Engine; server: H2Server }> {
  const server = await startH2Server(handlers);
  t.after(() => server.stop());
  const engine = await startEngine([server.port], { ...options, upstream: { protocol: 'h2c', ...options.upstream } });
  t.after(() => engine.stop());
  return { engine, server };
}

export interface Outcome {
  readonly status: number;
  readonly body: string;
  /** Whether the message was complete. */
  readonly whole: boolean;
  /** Code of a refusal by the gateway; otherwise empty. */
  readonly code: string;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: NodeJS.Dict<string>;
}

/** Resolves when the response has ended, completely or not. */
export async function outcomeOf(response: IncomingMessage): Promise<Outcome> {
  let body = '';
  response.setEncoding('latin1');
  response.on('data', (piece: string) => {
    body += piece;
  });
  response.on('error', () => {});
  // Because: `once` rejects on the errors that are expected here.
  if (!response.closed) await new Promise(resolve => response.on('close', resolve));
  const { complete: whole, headers, trailers } = response;
  const code = /"code": ?"([a-z_]+)"/.exec(body)?.[1] ?? '';
  return { status: response.statusCode!, body, whole, code, headers, trailers };
}
