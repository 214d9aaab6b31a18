// Makes checked values unchangeable all the way down.

/** Freezes lists and plain objects, and returns the same value. An instance of a class (a Buffer, a Set) is left alone. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') deepFreeze(element);
    return Object.freeze(value);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  for (const key in value) if (typeof value[key] === 'object') deepFreeze(value[key]);
  return Object.freeze(value);
}
