// Mutations of valid HTTP/2 frames: of one byte, field or frame, at a place that the fuzzer chooses.

import fc from 'fast-check';

interface FrameMutation {
  readonly at: number;
  readonly kind: string;
  readonly value: number;
}

const mutation: fc.Arbitrary<FrameMutation> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('byte', 'flags', 'type', 'stream', 'twice', 'drop', 'length', 'swap'),
  value: fc.nat(255),
});

/** Up to two mutations. */
export const frameMutations = fc.array(mutation, { maxLength: 2 });

/** Applies the mutations. A mutated stream id is below `streams`. */
export function mutated(
  frames: readonly Buffer[],
  mutations: readonly FrameMutation[],
  streams: number,
): readonly Buffer[] {
  return mutations.reduce((now, each) => mutate(now, each, streams), frames);
}

function mutate(frames: readonly Buffer[], { at, kind, value }: FrameMutation, streams: number): readonly Buffer[] {
  const changed = frames.map(each => Buffer.from(each));
  const index = at % Math.max(1, changed.length);
  const target = changed[index];
  if (target === undefined) return changed;
  if (kind === 'byte') target[at % target.length]! ^= value;
  if (kind === 'flags') target[4] = value;
  if (kind === 'type') target[3] = value % 11;
  if (kind === 'stream') target.writeUInt32BE(value % streams, 5);
  if (kind === 'length') target[2] = value;
  if (kind === 'twice') changed.splice(index, 0, target);
  if (kind === 'drop') changed.splice(index, 1);
  if (kind === 'swap' && index > 0) [changed[index - 1], changed[index]] = [target, changed[index - 1]!];
  return changed;
}
