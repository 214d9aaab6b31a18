// The result of a look-up: the route's value and the parameters of its path. Without parameters it is the candidate itself.

/** Percent-decoded text; text whose bytes are no UTF-8 stays as it is in the path. */
export function decodeSegment(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

export class FoundRoute<T> {
  readonly value: T;
  readonly name: string;
  readonly paramNames: readonly string[];
  /** As in the normalised path, still percent-encoded; in the order of `paramNames`. */
  readonly rawValues: readonly string[];

  constructor(value: T, name: string, paramNames: readonly string[], rawValues: readonly string[]) {
    this.value = value;
    this.name = name;
    this.paramNames = paramNames;
    this.rawValues = rawValues;
  }

  /** A parameter's decoded value, which may hold any character, `/` included; undefined when the path has no such parameter. */
  param(name: string): string | undefined {
    const at = this.paramNames.indexOf(name);
    return at === -1 ? undefined : decodeSegment(this.rawValues[at]!);
  }
}
