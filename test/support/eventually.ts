// Waiting for what has no event: tests look again until it is so, for as long as a machine may well take over it.

import { setTimeout as delay } from 'node:timers/promises';

/** So long a machine that is three times slower and fully loaded may take over anything that is worth waiting for. */
const TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 5;

/** Waits until `holds`; throws with `what` when it does not in time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  await eventuallySeen(holds, held => held, what, timeoutMs);
}

/** Looks until `good` says yes, and answers what was seen then; throws with `what` and the last of it when it does not in time. */
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
