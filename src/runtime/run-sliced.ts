// Runs a generator a slice a turn of the event loop, so that long work never holds up the traffic of its thread.

export interface SlicedResult<T> {
  readonly value: T;
  /** From the first slice to the last, the turns in between included. */
  readonly totalMs: number;
  /** The longest time that the event loop was held. */
  readonly longestSliceMs: number;
}

/**
 * Resolves with what the generator returns; rejects with what it throws. Between two slices everything that waits in
 * the event loop gets its turn. `isCancelled` is asked before every slice: once it says so, the work is given up and
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
