// The gateway's own messages to the operator, on standard error. Rare by design; requests are logged by access-log.ts.

import { unicodeEscape } from '../base/unicode-escape.ts';

/** Any simple JSON value; never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export type LogLevel = 'info' | 'warn' | 'error';

export interface OperatorLogOptions {
  /**
   * `auto`: text for people when standard error is a terminal, else JSON lines. A worker thread cannot see the terminal: name the format
   * there.
   */
  readonly format?: 'auto' | 'text' | 'json';
  /** Takes the text of each line; writes to standard error when left out. */
  readonly write?: (text: string) => void;
}

/** Lines with the same message in one window; further ones are only counted, and their number is logged when the window ends. */
const KIND_LINES_MAX = 10;
const WINDOW_MS = 10_000;

/** Messages counted separately in one window; all others share one count, so that a flood of different messages is bounded as well. */
const KINDS_MAX = 100;
const OTHER_KINDS = '(other messages)';

const controlLetters = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g;

interface KindCount {
  readonly level: LogLevel;
  lines: number;
}

/** Messages with fields beside them. Floods are held back by message: keep the message constant and put what varies into the fields. */
export class OperatorLog {
  private readonly json: boolean;
  private readonly write: (text: string) => void;
  private kinds = new Map<string, KindCount>();
  private windowEnd: NodeJS.Timeout | null = null;

  constructor(options: OperatorLogOptions = {}) {
    const format = options.format ?? 'auto';
    this.json = format === 'json' || (format === 'auto' && process.stderr.isTTY !== true);
    this.write = options.write ?? (text => process.stderr.write(text));
  }

  info(message: string, fields?: LogFields): void {
    this.log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.log('error', message, fields);
  }

  /** `isRecord` says that each line counts, such as use that is billed: none of them is held back. */
  log(level: LogLevel, message: string, fields: LogFields = {}, isRecord = false): void {
    if (isRecord || this.admit(level, message)) this.emit(level, message, fields);
  }

  /** Logs how many lines were held back, and begins a new window. Called at the end of a window, and before the process ends. */
  flush(): void {
    const { kinds } = this;
    this.kinds = new Map();
    if (this.windowEnd !== null) clearTimeout(this.windowEnd);
    this.windowEnd = null;
    for (const [message, { level, lines }] of kinds) {
      if (lines > KIND_LINES_MAX) this.emit(level, message, { repeated: lines - KIND_LINES_MAX });
    }
  }

  private admit(level: LogLevel, message: string): boolean {
    const known = this.kinds.has(message) || this.kinds.size < KINDS_MAX;
    const kind = known ? message : OTHER_KINDS;
    let count = this.kinds.get(kind);
    if (count === undefined) {
      count = { level, lines: 0 };
      this.kinds.set(kind, count);
    }
    count.lines++;
    this.windowEnd ??= setTimeout(() => this.flush(), WINDOW_MS).unref();
    return count.lines <= KIND_LINES_MAX;
  }

  private emit(level: LogLevel, message: string, fields: LogFields): void {
    const time = new Date().toISOString();
    // Because: a message quotes configuration and peers; raw control bytes could rewrite the operator's terminal.
    this.write(
      `${this.json ? JSON.stringify({ time, level, message, ...fields }) : textLine(time, level, message, fields)}\n`,
    );
  }
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const details = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? quoted(value) : value}`,
  );
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${visible(message)}${details.join('')}`;
}

function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : visible(JSON.stringify(value));
}

function visible(text: string): string {
  return text.replace(controlLetters, unicodeEscape);
}
