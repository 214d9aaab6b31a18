// Whether something completes without waiting for a timer or a socket. Measuring the time could not tell on a busy machine.

import { setImmediate as turn } from 'node:timers/promises';

/** True when `work` settles, either way, before the next turn of the event loop. */
export async function settlesAtOnce(work: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  work.then(settle, settle);
  await turn();
  return isSettled;
}
