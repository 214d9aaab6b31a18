// The file of an access log and how it is opened: at the start, anew for a rotation, and repeatedly where that failed.

import { openLog } from './log-output.ts';

/** Stands for the descriptor while nothing is open. */
export const NOT_OPEN = -1;

const OPEN_AGAIN_AFTER_MS = 1_000;

export class LogFile {
  fd = NOT_OPEN;
  private readonly path: string;
  private readonly onError: ((error: Error) => void) | undefined;
  private openAgainAt = 0;
  private wasOpened = false;

  constructor(path: string, onError?: (error: Error) => void) {
    this.path = path;
    this.onError = onError;
  }

  /** Throws an Error for the operator when the file cannot be opened. */
  openOrThrow(): void {
    this.fd = openLog(this.path);
    this.wasOpened = true;
  }

  /** Whether the file was opened since the last call. `fd` does not tell: it may be that of an earlier file, closed meanwhile. */
  openedSinceLastCall(): boolean {
    const { wasOpened } = this;
    this.wasOpened = false;
    return wasOpened;
  }

  /** Opens the file, or opens it anew. False when that fails: `fd` then stays as it is, and `onError` gets the error if `isNews`. */
  open(isNews = true): boolean {
    try {
      this.openOrThrow();
      return true;
    } catch (error) {
      if (isNews) this.onError?.(error as Error); // Because: openSync throws nothing but Errors
      return false;
    }
  }

  /** For lines that arrive while there is no file: tries to open it at most once a second, without reporting errors. */
  openAgain(): boolean {
    const now = performance.now();
    if (now < this.openAgainAt) return false;
    this.openAgainAt = now + OPEN_AGAIN_AFTER_MS;
    return this.open(false);
  }
}
