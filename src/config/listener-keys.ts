// What identifies a listener over reloads: its address as written. Its name is not part of it, so that it may get another one.

import type { ListenerConfig } from './config.ts';

/** One key for each of these listeners, in their order. */
export function listenerKeys(listeners: readonly Pick<ListenerConfig, 'host' | 'port'>[]): string[] {
  const seen = new Map<string, number>();
  return listeners.map(({ host, port }) => {
    const address = `${host} ${port}`;
    // Only port 0 can occur twice: each occurrence gets a different free port.
    const count = seen.get(address) ?? 0;
    seen.set(address, count + 1);
    return `${address} ${count}`;
  });
}

/** The names of the listeners by their keys; an empty text for a listener without a name. */
export function listenerNames(listeners: readonly ListenerConfig[]): ReadonlyMap<string, string> {
  const keys = listenerKeys(listeners);
  return new Map(listeners.map(({ name = '' }, at) => [keys[at]!, name]));
}
