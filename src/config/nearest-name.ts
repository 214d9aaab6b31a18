// The name that was probably meant, for unknown keys and references. Suggests only what is close.

import { editDistance } from './edit-distance.ts';
import { foreignName } from './foreign-names.ts';

const lengthMax = 64;

/** The closest of `names`, or undefined when more than a third of the letters differ from each. */
export function nearestName(written: string, names: Iterable<string>): string | undefined {
  if (written.length > lengthMax) return undefined;
  let best: string | undefined;
  let bound = Math.max(1, Math.floor(written.length / 3)) + 1;
  const lower = written.toLowerCase();
  for (const name of names) {
    if (Math.abs(name.length - written.length) >= bound || name.length > lengthMax) continue;
    const distance = lower === name.toLowerCase() ? 0 : editDistance(written, name);
    if (distance < bound) {
      best = name;
      bound = distance;
    }
  }
  return best;
}

/** What another gateway's name stands for, or the closest name; undefined where none is. */
export function probableName(written: string, names: Iterable<string>): string | undefined {
  return foreignName(written, names) ?? nearestName(written, names);
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(written: string, names: Iterable<string>): string {
  const nearest = probableName(written, names);
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}
