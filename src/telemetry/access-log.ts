// The access log's output: lines into a buffer, buffers to a file or standard output. Knows nothing of the content of a line.

import { close, closeSync, write } from 'node:fs';
import { writeLatin1 } from '../base/latin1.ts';
import { LogFile, NOT_OPEN } from './log-file.ts';
import { LogLoss, type LogLossEvents } from './log-loss.ts';
import { isPipe, LINE_FEED, linesIn, pipePiece, STDOUT_FD } from './log-output.ts';

// With buffers of 64 KiB the log cost 5 % more CPU per small request: a file takes a few large writes more cheaply than many small ones.
const BUFFER_BYTES = 256 * 1_024;
const BACKLOG_BYTES_MAX = 8 * 1_024 * 1_024;
const FLUSH_AFTER_MS = 1_000;
const RETRY_FIRST_MS = 1;
const RETRY_LAST_MS = 64;
const SPARE_BUFFERS_MAX = 4;
const lineEnd = Buffer.from([LINE_FEED]);

/** How long `close` waits for a slow reader by default. */
const CLOSE_AFTER_MS = 5_000;

export interface AccessLogOptions extends LogLossEvents {
  /** `stdout`, `off`, or the path of a file to append to. */
  readonly path: string;
  /** True: a file that cannot be opened costs lines until it can, and `onError` gets the error. Otherwise the constructor throws. */
  readonly waitsForFile?: boolean;
  /** Called with the number of lines that the system has taken. */
  readonly onWritten?: (lines: number) => void;
}

/** Lines that wait to be written, or are being written: the first `length` bytes of `bytes`. */
interface Batch {
  bytes: Buffer;
  length: number;
  lines: number;
}

/** Used as the buffer while no line waits, so that a worker without traffic has none. Never written to. */
const NOTHING: Batch = { bytes: Buffer.alloc(0), length: 0, lines: 0 };

/**
 * One log of one worker. Several workers append to the same file: each write is whole lines, so lines never mix.
 * Bounded: beyond 8 MiB that the system has not taken, lines are dropped and counted; the caller never waits.
 * When the process is killed, lines that were not yet written are lost: up to one second of them, and what a slow reader has left.
 */
export class AccessLog {
  readonly enabled: boolean;
  private readonly options: AccessLogOptions;
  private readonly file: LogFile;
  private readonly loss: LogLoss;
  /** Where the first batch of the queue is written: it is finished there, even when the log was reopened meanwhile. */
  private batchFd = NOT_OPEN;
  /** Whether `batchFd` is a pipe, where large writes of several workers could mix. */
  private pipe = false;
  private current: Batch;
  private readonly queue: Batch[] = [];
  private readonly spares: Buffer[] = [];
  private backlogBytes = 0;
  private writing = false;
  /** Bytes of the first batch in the queue that are written already. */
  private written = 0;
  /** True once the lines that are left were counted as dropped; they are not tried again. */
  private givenUp = false;
  /** The file ends in the middle of a line whose rest could not be written: the next write begins with a line end. */
  private torn = false;
  private closed = false;
  private flushTimer: NodeJS.Timeout | null = null;
  private timerArmed = false;
  private retryTimer: NodeJS.Timeout | null = null;
  private retryAfterMs = RETRY_FIRST_MS;
  private retiredFds: number[] = [];
  private waiters: (() => void)[] = [];

  /** Throws an Error with the path in its message when the file cannot be opened, unless `waitsForFile` is set. */
  constructor(options: AccessLogOptions) {
    this.options = options;
    this.enabled = options.path !== 'off';
    this.current = NOTHING;
    this.file = new LogFile(options.path, options.onError);
    this.loss = new LogLoss(options);
    if (!this.enabled) return;
    if (options.waitsForFile !== true) this.file.openOrThrow();
    else if (!this.file.open()) this.loss.notOpen();
  }

  /** Appends one line of latin1 text, which is given without its line end. Never waits, never throws. */
  append(line: string): void {
    const bytes = this.reserve(line.length);
    if (bytes === null) return;
    const start = this.position;
    this.commit(start + writeLatin1(bytes, line, start));
  }

  /**
   * Room for one line of at most `bytesMax` bytes: the buffer, to be written from `position` on; then call `commit`. Null when the line
   * cannot be taken: the log is off or closed, or it has no file or a full backlog (the line then counts as dropped).
   */
  reserve(bytesMax: number): Buffer | null {
    if (!this.enabled || this.closed) return null;
    if (this.current.length + bytesMax >= this.current.bytes.length && !this.makeRoom(bytesMax + 1)) {
      this.loss.dropped(1);
      if (this.file.fd !== NOT_OPEN) this.loss.tooSlow();
      return null;
    }
    return this.current.bytes;
  }

  /** Where the next line begins in the buffer that `reserve` gave. */
  get position(): number {
    return this.current.length;
  }

  /** Takes what was written up to `end` as one line. */
  commit(end: number): void {
    const { current } = this;
    current.bytes[end] = LINE_FEED;
    current.length = end + 1;
    current.lines++;
    if (!this.timerArmed) this.armTimer();
  }

  /** Resolves when every line appended so far was written or dropped. */
  flush(): Promise<void> {
    this.enqueueCurrent();
    if (this.queue.length === 0) return Promise.resolve();
    this.retryTimer?.ref();
    return new Promise(resolve => this.waiters.push(resolve));
  }

  /** Reopens the file, for a rotation that renamed it. If that fails, the old file is still written, and `onError` gets the error. */
  reopen(): void {
    if (!this.enabled || this.closed || this.options.path === 'stdout') return;
    const before = this.file.fd;
    if (!this.file.open() || before === NOT_OPEN) return;
    this.retiredFds.push(before);
    if (!this.writing) this.closeRetired();
  }

  /**
   * Writes what is left and closes the file; lines appended later are ignored. Lines that a reader has not taken after `withinMs`
   * count as dropped: the reader may never come back.
   */
  async close(withinMs = CLOSE_AFTER_MS): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    if (!(await this.flushWithin(withinMs))) {
      this.giveUp();
      return;
    }
    this.closeRetired();
    const { fd } = this.file;
    if (fd !== NOT_OPEN && fd !== STDOUT_FD) closeSync(fd);
  }

  private async flushWithin(ms: number): Promise<boolean> {
    let late: NodeJS.Timeout | null = null;
    const tooLate = new Promise<false>(resolve => {
      late = setTimeout(() => resolve(false), ms);
    });
    const inTime = await Promise.race([this.flush().then(() => true), tooLate]);
    if (late !== null) clearTimeout(late);
    return inTime;
  }

  /** Counts the lines that are left as dropped. The files stay open: a write may still be in progress in one. */
  private giveUp(): void {
    this.givenUp = true;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.options.onError?.(new Error('what reads it takes nothing; the lines that are left are dropped'));
    let lines = 0;
    for (const batch of this.queue) lines += batch.lines;
    this.loss.dropped(lines);
  }

  private armTimer(): void {
    this.timerArmed = true;
    if (this.flushTimer === null) this.flushTimer = setTimeout(() => this.onTimer(), FLUSH_AFTER_MS).unref();
    else this.flushTimer.refresh();
  }

  private onTimer(): void {
    this.timerArmed = false;
    this.enqueueCurrent();
  }

  /** Makes `current` a fresh buffer with room for `bytes`; false when there is no file, or the backlog allows no more. */
  private makeRoom(bytes: number): boolean {
    if (this.file.fd === NOT_OPEN && !this.file.openAgain()) return false;
    this.enqueueCurrent();
    if (this.backlogBytes + Math.max(bytes, BUFFER_BYTES) > BACKLOG_BYTES_MAX) return false;
    this.current = { bytes: this.bufferOf(bytes), length: 0, lines: 0 };
    return true;
  }

  private bufferOf(bytes: number): Buffer {
    if (bytes > BUFFER_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.spares.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Moves `current` into the queue, with no buffer in its place, and makes sure that the queue is worked on. */
  private enqueueCurrent(): void {
    if (this.current.length === 0) return;
    this.queue.push(this.current);
    this.backlogBytes += this.current.bytes.length;
    this.current = NOTHING;
    if (!this.writing) this.writeNext();
  }

  private writeNext(): void {
    const batch = this.queue[0];
    if (batch === undefined) {
      this.onIdle();
      return;
    }
    this.writing = true;
    const { written } = this;
    const { fd } = this.file;
    if (written === 0 && this.file.openedSinceLastCall()) {
      this.batchFd = fd;
      this.pipe = isPipe(fd);
      this.torn = false;
    }
    if (this.torn) {
      write(this.batchFd, lineEnd, 0, 1, null, this.onLineEnd);
      return;
    }
    const length = this.pipe ? pipePiece(batch.bytes, batch.length, written) : batch.length - written;
    write(this.batchFd, batch.bytes, written, length, null, this.onWrite);
  }

  private readonly onWrite = (error: NodeJS.ErrnoException | null, bytes: number): void => {
    // A write that was in progress when the log gave up is over: another try would keep the process from ending.
    if (this.givenUp) return;
    if (error !== null) {
      this.onWriteError(error);
      return;
    }
    this.retryAfterMs = RETRY_FIRST_MS;
    this.written += bytes;
    const batch = this.queue[0]!;
    if (this.written === batch.length) {
      this.options.onWritten?.(batch.lines);
      this.loss.wrote();
      this.dequeue(batch);
    }
    this.writeNext();
  };

  private readonly onLineEnd = (error: NodeJS.ErrnoException | null): void => {
    if (this.givenUp) return;
    if (error !== null) {
      this.onWriteError(error);
      return;
    }
    this.torn = false;
    this.writeNext();
  };

  private onWriteError(error: NodeJS.ErrnoException): void {
    if (error.code === 'EAGAIN' || error.code === 'EINTR') {
      // A pipe with a slow reader. The backlog's bound still holds.
      this.retryTimer = setTimeout(() => this.writeNext(), this.retryAfterMs);
      this.retryAfterMs = Math.min(RETRY_LAST_MS, this.retryAfterMs * 2);
      if (this.waiters.length === 0) this.retryTimer.unref();
      return;
    }
    // A full disk or a reader that went away: these lines are lost, later ones get their own try.
    this.loss.failed(error);
    const batch = this.queue[0]!;
    const whole = linesIn(batch.bytes, this.written);
    if (whole > 0) this.options.onWritten?.(whole);
    this.loss.dropped(batch.lines - whole);
    if (this.written > 0) this.torn = batch.bytes[this.written - 1] !== LINE_FEED;
    this.dequeue(batch);
    this.writeNext();
  }

  private dequeue(batch: Batch): void {
    this.queue.shift();
    this.backlogBytes -= batch.bytes.length;
    this.written = 0;
    if (this.retiredFds.length !== 0) this.closeRetired();
    if (batch.bytes.length === BUFFER_BYTES && this.spares.length < SPARE_BUFFERS_MAX) this.spares.push(batch.bytes);
  }

  private onIdle(): void {
    this.writing = false;
    this.loss.idle();
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  private closeRetired(): void {
    // Because: nothing waits for it, and an error here needs no action: the lines are written already.
    for (const fd of this.retiredFds) close(fd, () => {});
    this.retiredFds = [];
  }
}
