// Reads the configuration anew and rolls it out. Requests that come while one runs become one more; what fails changes
// nothing and is kept to be told.

import { messageOf } from '../base/message-of.ts';
import type { LocatedProblem } from '../config/config.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { LoadedFile } from './load.ts';
import { type RolloutResult, STOPPING } from './rollout.ts';

export interface ReloadFailure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
  readonly problems: readonly LocatedProblem[];
}

export interface ReloadOptions {
  readonly load: () => Promise<LoadedFile>;
  /** Rolls out in a turn of its own. */
  readonly deploy: (loaded: LoadedFile) => Promise<RolloutResult>;
  /** Version of what serves; empty before anything does. */
  readonly servingVersion: () => string;
  readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  /** Called after every try, with what failed or null. */
  readonly onDone: (failure: ReloadFailure | null, loaded: LoadedFile | null) => void;
}

export class Reload {
  private readonly options: ReloadOptions;
  private running: Promise<ReloadFailure | null> | null = null;
  private next: Promise<ReloadFailure | null> | null = null;
  /** Version that could not be used because a worker died; empty when there is none. */
  private owed = '';
  /** The last one that was tried again. */
  private triedAgain = '';

  constructor(options: ReloadOptions) {
    this.options = options;
  }

  /** Resolves when a configuration that was read after this call serves, with null, or could not be used. */
  request(cause: string): Promise<ReloadFailure | null> {
    if (this.running === null) {
      this.running = this.run(cause).finally(() => {
        this.running = null;
      });
      return this.running;
    }
    // The one that runs may have read the file before it changed; one more after it covers all who ask meanwhile.
    this.next ??= this.running.then(() => {
      this.next = null;
      return this.request(cause);
    });
    return this.next;
  }

  /** To be called when a worker took the place of one that died: what failed for that gets another try, one each. */
  workerReplaced(): void {
    const { owed } = this;
    this.owed = '';
    // Because: it may have been this configuration that the worker died of.
    if (owed === '' || owed === this.triedAgain) return;
    this.triedAgain = owed;
    void this.request('a worker was replaced');
  }

  private async run(cause: string): Promise<ReloadFailure | null> {
    const { log, onDone } = this.options;
    let loaded: LoadedFile | null = null;
    let failure: ReloadFailure | null;
    try {
      loaded = await this.options.load();
      failure = await this.use(loaded, cause);
    } catch (error) {
      failure = failureOf(messageOf(error), []);
    }
    if (failure !== null) {
      // Told to stop, it does as it was told: nothing is wrong with the configuration.
      const level = failure.reason === STOPPING ? 'info' : 'error';
      log(level, 'configuration not used, the previous one stays in use', { cause, reason: failure.reason });
    }
    onDone(failure, loaded);
    return failure;
  }

  private async use(loaded: LoadedFile, cause: string): Promise<ReloadFailure | null> {
    const { deploy, servingVersion, log } = this.options;
    const { config } = loaded;
    this.owed = '';
    if (config === null) return failureOf(summaryOf(loaded.problems), loaded.problems);
    if (config.version === servingVersion()) {
      log('info', 'configuration is unchanged', { cause });
      return null;
    }
    const began = performance.now();
    const result = await deploy(loaded);
    if (!result.ok) {
      if (result.lostWorker) this.owed = config.version;
      const problems = result.problems.map(problem => loaded.locate(problem));
      return failureOf(problems.length > 0 ? summaryOf(problems) : result.reason, problems);
    }
    log('info', 'configuration reloaded', {
      cause,
      version: config.version.slice(0, 12),
      rolloutMs: rounded(performance.now() - began),
      compileMs: rounded(Math.max(...result.reports.map(report => report.totalMs))),
      longestSliceMs: rounded(Math.max(...result.reports.map(report => report.longestSliceMs))),
      keptRoutes: result.reports[0]!.keptRoutes,
      routes: config.routes.length,
    });
    for (const { severity, file, line, column, message } of loaded.problems) {
      if (severity === 'warning')
        log('warn', 'configuration warning', { place: `${file}:${line}:${column}`, reason: message });
    }
    return null;
  }
}

function failureOf(reason: string, problems: readonly LocatedProblem[]): ReloadFailure {
  return { at: Date.now(), reason, problems };
}

/** The first error with its place, and how many more there are. */
function summaryOf(problems: readonly LocatedProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return 'the configuration has errors';
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return `${placedText(first)}${more}`;
}

function placedText({ file, line, column, message }: LocatedProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
