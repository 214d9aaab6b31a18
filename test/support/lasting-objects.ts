// What a worker keeps over reloads, for tests: one object for each key.

export type Lasting = <Value extends object>(key: string, make: () => Value) => Value;

export function lastingObjects(): Lasting {
  const kept = new Map<string, object>();
  return <Value extends object>(key: string, make: () => Value) => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as Value; // Because: each key holds one kind of object.
  };
}
