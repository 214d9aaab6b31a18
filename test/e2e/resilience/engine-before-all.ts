// The engine with several raw backends behind it, and clients of it, for one test: all are stopped when the test is over.

import type { TestContext } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { type RawBackend, type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';

export interface EngineBeforeAll {
  readonly backends: readonly RawBackend[];
  readonly engine: Engine;
  /** Sends a request on a connection of its own. */
  send(text: string): Promise<ClientConnection>;
  /** The response to it. */
  ask(text: string): Promise<{ readonly status: number; readonly body: string }>;
}

export async function engineBeforeAll(
  t: TestContext,
  handlers: readonly RawHandlers[],
  options: EngineOptions,
): Promise<EngineBeforeAll> {
  const backends = await Promise.all(handlers.map(startRawBackend));
  const engine = await startEngine(
    backends.map(({ port }) => port),
    options,
  );
  const clients: ClientConnection[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await engine.stop();
    for (const backend of backends) await backend.stop();
  });
  const send = async (text: string) => {
    const client = await ClientConnection.open(engine.port);
    clients.push(client);
    client.send(text);
    return client;
  };
  const ask = async (text: string) => {
    const [first] = await (await send(text)).answers(1);
    return { status: first!.status, body: first!.body.toString() };
  };
  return { backends, engine, send, ask };
}
