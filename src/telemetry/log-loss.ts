// What a log tells of lines that it loses: the reason once when that begins, and their number once all that waits is written again. Writes nothing.

export interface LogLossEvents {
  /** Told of lines that were lost: the backlog was full, or the file could not be written. */
  readonly onDropped?: (lines: number) => void;
  /** Told when lines begin to be lost (once, until it works again), and when a reopening failed. */
  readonly onError?: (error: Error) => void;
  /** Told when everything is written again behind an `onError`: how many lines were lost since. */
  readonly onWorksAgain?: (lost: number) => void;
}

export class LogLoss {
  private readonly events: LogLossEvents;
  private lost = 0;
  private isTold = false;
  /** The last try to write failed, or there is nothing to write to. */
  private isFailing = false;

  constructor(events: LogLossEvents) {
    this.events = events;
  }

  dropped(lines: number): void {
    this.lost += lines;
    this.events.onDropped?.(lines);
  }

  /** More lines come than are taken. */
  tooSlow(): void {
    if (this.isTold) return;
    this.begins(new Error('what reads it takes less than there is; lines beyond the 8 MiB that wait are dropped'));
  }

  failed(error: Error): void {
    this.isFailing = true;
    if (!this.isTold) this.begins(error);
  }

  /** It could not be opened, which was told. */
  notOpen(): void {
    this.isFailing = true;
    this.isTold = true;
  }

  wrote(): void {
    this.isFailing = false;
  }

  /** Nothing waits any more. */
  idle(): void {
    if (!this.isTold || this.isFailing) return;
    const { lost } = this;
    this.isTold = false;
    this.lost = 0;
    this.events.onWorksAgain?.(lost);
  }

  private begins(error: Error): void {
    this.isTold = true;
    this.events.onError?.(error);
  }
}
