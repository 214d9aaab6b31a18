// Has the collector look at what is new, at a moment of our choosing. A worker that compiles ten thousand routes makes megabytes that stay;
// left alone the collector moves them all at once, for as long as four slices may take. Asked in between, it moves a few at a time.

/** Takes 1 to 3 ms for each megabyte that is new and stays. Does nothing where Node was started without --expose-gc; see docs/decisions/0010-runtime-flags.md. */
export function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}
