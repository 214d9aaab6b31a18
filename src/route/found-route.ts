// The result of a look-up: the route's value and the parameters from the path. For a route without parameters it is its `Candidate`.

import { decodeEscapes } from '../http/decode-escapes.ts';

export class FoundRoute<T> {
  readonly value: T;
  readonly name: string;
  readonly paramNames: readonly string[];
  /** The parameters' values as in the normalised path, still percent-encoded, in the order of `paramNames`. */
  readonly rawValues: readonly string[];

  constructor(value: T, name: string, paramNames: readonly string[], rawValues: readonly string[]) {
    this.value = value;
    this.name = name;
    this.paramNames = paramNames;
    this.rawValues = rawValues;
  }

  /** A parameter's decoded value, which may contain any character including `/`; undefined when the route has no such parameter. */
  param(name: string): string | undefined {
    const at = this.paramNames.indexOf(name);
    return at === -1 ? undefined : decodeEscapes(this.rawValues[at]!);
  }
}
