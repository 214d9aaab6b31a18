// Finds the name that was probably meant, for unknown keys and references. Suggests only names that are close.

import { editDistance } from './edit-distance.ts';
import { foreignName, plainName } from './foreign-names.ts';

const lengthMax = 64;

/** The closest of `names`; undefined when each differs in more than a third of the letters (in more than one letter, if that is more). */
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

/**
 * The name in another spelling (`LEAST_REQUEST`), or the one that another gateway's name stands for, or else the closest; undefined when
 * there is none.
 */
export function probableName(written: string, names: Iterable<string>): string | undefined {
  // Because: an iterator can be read only once.
  const all = [...names];
  const plain = plainName(written);
  return all.find(name => plainName(name) === plain) ?? foreignName(written, all) ?? nearestName(written, all);
}

/** `; did you mean "x"?`, or an empty text. */
export function suggestion(written: string, names: Iterable<string>): string {
  const nearest = probableName(written, names);
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}
