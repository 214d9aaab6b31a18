// Whether something is over without waiting: what takes a timer or a socket is not. A clock cannot tell on a busy machine.

import { setImmediate as turn } from 'node:timers/promises';

/** True when `work` settles, either way, before the event loop goes on. */
export async function settlesAtOnce(work: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  work.then(settle, settle);
  await turn();
  return isSettled;
}
