// The name that was probably meant, for unknown keys and references. Suggests only what is close.

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

/** Letters to insert, remove, replace or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const table = new Uint8Array((a.length + 1) * width);
  for (let j = 0; j < width; j++) table[j] = j;
  for (let i = 1; i <= a.length; i++) {
    table[i * width] = i;
    for (let j = 1; j < width; j++) {
      const at = i * width + j;
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let distance = Math.min(table[at - width]! + 1, table[at - 1]! + 1, table[at - width - 1]! + (same ? 0 : 1));
      const swapped =
        i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
      if (swapped) distance = Math.min(distance, table[at - 2 * width - 2]! + 1);
      table[at] = distance;
    }
  }
  return table[a.length * width + b.length]!;
}
