// What an access log writes to, as it is opened: at first, anew for a rotation, and time and again where that failed.

import { openLog } from './log-output.ts';

/** In place of a descriptor where nothing could be opened. */
export const NOT_OPEN = -1;

const OPEN_AGAIN_AFTER_MS = 1_000;

export class LogFile {
  fd = NOT_OPEN;
  private readonly path: string;
  private readonly onError: ((error: Error) => void) | undefined;
  private openAgainAt = 0;

  constructor(path: string, onError?: (error: Error) => void) {
    this.path = path;
    this.onError = onError;
  }

  /** Throws when it cannot be opened. */
  openOrThrow(): void {
    this.fd = openLog(this.path);
  }

  /** False when it cannot be opened, of which `onError` hears: then all is as before. */
  open(isNews = true): boolean {
    try {
      this.openOrThrow();
      return true;
    } catch (error) {
      if (isNews) this.onError?.(error as Error); // Because: openSync throws nothing but Errors
      return false;
    }
  }

  /** For lines that come while there is no file: at most once a second, without a word. */
  openAgain(): boolean {
    const now = performance.now();
    if (now < this.openAgainAt) return false;
    this.openAgainAt = now + OPEN_AGAIN_AFTER_MS;
    return this.open(false);
  }
}
