// Runs a generator one slice per turn of the event loop, so that long work never holds up the traffic of its thread.

export interface SlicedResult<T> {
  readonly value: T;
  /** Milliseconds from the start of the first slice to the end of the last, including the turns in between. */
  readonly totalMs: number;
  /** The longest time in milliseconds that a single slice held the event loop. */
  readonly longestSliceMs: number;
}

/**
 * Resolves with what the generator returns; rejects with what it throws. Between two slices the event loop handles
 * everything that waits. `isCancelled` is called before every slice: when it returns true, the work is abandoned and
 * the promise rejects.
 */
export function runSliced<T>(
  steps: Generator<void, T, void>,
  isCancelled: () => boolean = () => false,
): Promise<SlicedResult<T>> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let longestSliceMs = 0;
    const slice = () => {
      const start = performance.now();
      try {
        if (isCancelled()) throw new Error('given up, since something newer came');
        const step = steps.next();
        const end = performance.now();
        longestSliceMs = Math.max(longestSliceMs, end - start);
        if (step.done === true) resolve({ value: step.value, totalMs: end - began, longestSliceMs });
        else setImmediate(slice);
      } catch (error) {
        reject(error);
      }
    };
    slice();
  });
}
