// Starts a proxy on its core and waits until a request passes through it. Knows no particular proxy.

import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../test/support/child.ts';
import { ask } from './measure/ask.ts';
import { pinned, proxyCore } from './measure/pinning.ts';

const TIMEOUT_MS = 60_000;

export interface Launched {
  readonly child: Child;
  /** Milliseconds from the start of the process to the first response that came through it. */
  readonly startMs: number;
}

/**
 * Resolves when GET / on the port gives 200, or with `guarded` also 401, as from a proxy that refuses callers without a credential. Throws
 * with the program's standard error when the program ends or takes too long.
 */
export async function launch(
  command: string,
  args: readonly string[],
  port: number,
  tls = false,
  environment: NodeJS.ProcessEnv = {},
  guarded = false,
): Promise<Launched> {
  const beginMs = performance.now();
  const child = await startChild(...pinned(proxyCore, command, args), environment);
  let gone: number | string | null = null;
  void child.exited.then(code => {
    gone = code;
  });
  for (;;) {
    const answer = await ask({ port, path: '/', tls }).catch(() => null);
    const startMs = performance.now() - beginMs;
    if (answer?.status === 200 || (guarded && answer?.status === 401)) return { child, startMs };
    if (gone !== null) throw new Error(`${command} exited with ${gone}: ${child.stderr()}`);
    if (startMs > TIMEOUT_MS) {
      await child.stop();
      throw new Error(`${command} gave no answer in ${TIMEOUT_MS / 1000} s: ${child.stderr()}`);
    }
    // Because: these servers do not tell when they are ready; the only way is to try again.
    await delay(2);
  }
}
