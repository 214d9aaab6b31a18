// How much two names differ, to find the name that was probably meant.

/**
 * The number of letters to insert, remove, replace or swap with their neighbour (optimal string alignment). Time and memory grow with the
 * product of both lengths.
 */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
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
