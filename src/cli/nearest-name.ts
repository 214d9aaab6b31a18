// The name that was probably meant: for wrong commands and options, where the beginning of one counts as close as well.

import { editDistance } from '../config/edit-distance.ts';

/** The closest of `names`, or undefined when none is close: at most a third of the letters differ. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const name of names) {
    const distance = name.startsWith(written) && written !== '' ? 1 : editDistance(written, name);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}
