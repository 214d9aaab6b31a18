// The engine with a raw backend behind it, for one test: both are stopped when the test is over.

import { type Engine, type EngineOptions, startEngine } from './engine-gateway.ts';
import { type RawBackend, type RawHandlers, startRawBackend } from './raw-backend.ts';

export async function engineBefore(
  t: { after(end: () => Promise<void>): void },
  handlers: RawHandlers,
  options: EngineOptions = {},
): Promise<{ backend: RawBackend; engine: Engine }> {
  const backend = await startRawBackend(handlers);
  const engine = await startEngine([backend.port], options);
  t.after(async () => {
    await engine.stop();
    await backend.stop();
  });
  return { backend, engine };
}
