// Suggests the name that was probably meant by a mistyped command or option. The beginning of a name counts as close too.

import { editDistance } from '../config/problems/edit-distance.ts';

/** The closest of `names`; undefined when none is close, that is when more than a third of the letters differ. */
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
