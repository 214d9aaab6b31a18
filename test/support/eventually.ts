// Polling for conditions that have no event, with a timeout that allows for a slow machine.

import { setTimeout as delay } from 'node:timers/promises';

/** What a machine that is three times slower and fully loaded may need for anything that tests wait for. */
const TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 5;

/** Waits until `holds` returns true; throws with `what` on timeout. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  await eventuallySeen(holds, held => held, what, timeoutMs);
}

/** Calls `look` until `good` accepts its value, and returns that value; throws with `what` and the last value on timeout. */
export async function eventuallySeen<Value>(
  look: () => Value | Promise<Value>,
  good: (value: Value) => boolean,
  what: string,
  timeoutMs = TIMEOUT_MS,
): Promise<Value> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (performance.now() > end) throw new Error(`not in time: ${what}: still ${JSON.stringify(value)}`);
    await delay(LOOK_EVERY_MS);
  }
}
