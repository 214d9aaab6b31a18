// What a log reports of lines that it loses: the reason once when that begins, their number once what waited is written. Writes nothing.

export interface LogLossEvents {
  /** Called with the number of lines that were lost: the backlog was full, or the file could not be written. */
  readonly onDropped?: (lines: number) => void;
  /** Called when lines begin to be lost (once, until the log works again), and when reopening the file failed. */
  readonly onError?: (error: Error) => void;
  /** Called when everything is written again after an `onError`, with the number of lines that were lost in between. */
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

  /** Lines arrive faster than they are taken. */
  tooSlow(): void {
    if (this.isTold) return;
    this.begins(new Error('what reads it takes less than there is; lines beyond the 8 MiB that wait are dropped'));
  }

  failed(error: Error): void {
    this.isFailing = true;
    if (!this.isTold) this.begins(error);
  }

  /** The file could not be opened, and the error was reported already. */
  notOpen(): void {
    this.isFailing = true;
    this.isTold = true;
  }

  wrote(): void {
    this.isFailing = false;
  }

  /** Nothing waits to be written any more. */
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
