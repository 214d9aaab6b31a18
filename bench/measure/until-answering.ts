// Waits until a server that was just started answers a request. Says how long that took; measures nothing else.

import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../../test/support/child.ts';
import { ask } from './ask.ts';

const TIMEOUT_MS = 60_000;

/** Resolves when GET / on the port gets an answer below 500; throws with what the program said when it ends or takes too long. */
export async function untilAnswering(child: Child, port: number): Promise<void> {
  let gone: number | string | null = null;
  void child.exited.then(code => {
    gone = code;
  });
  const until = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask({ port, path: '/' }).catch(() => null);
    if (answer !== null && answer.status < 500) return;
    if (gone !== null) throw new Error(`exited with ${gone}: ${child.stderr()}`);
    if (performance.now() > until) throw new Error(`no answer in ${TIMEOUT_MS / 1000} s: ${child.stderr()}`);
    // Because: a foreign server says nothing when it is ready; trying again is all there is.
    await delay(2);
  }
}
