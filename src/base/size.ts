// Sizes as people write them: `64KiB`. Binary units only, since `KB` is ambiguous.

const units: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** A whole number with a unit: `512B`, `64KiB`, `1MiB`, `4GiB`. */
export const sizePattern = /^(0|[1-9][0-9]{0,8})(B|KiB|MiB|GiB|TiB)$/;

export const sizeExpected = 'a size such as 512B, 64KiB, 1MiB or 4GiB';

/** Bytes of a size; NaN when the text is not a size. */
export function parseSize(text: string): number {
  const match = sizePattern.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * units[match[2]!]!;
}

/** The size in the largest unit that gives a whole number: `64KiB` for 65,536. */
export function sizeText(bytes: number): string {
  for (const [unit, each] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= each && bytes % each === 0) return `${bytes / each}${unit}`;
  }
  return `${bytes}B`;
}

/** The end of a message for `10m`, `10M` and `10MB`, as other programs write sizes: what to write. Empty for anything else. */
export function sizeUnitText(input: unknown): string {
  const [, count, unit] = (typeof input === 'string' ? /^([1-9][0-9]{0,8}) ?([kmg])i?b?$/i.exec(input) : null) ?? [];
  return unit === undefined ? '' : `; write ${count}${unit.toUpperCase()}iB`;
}
