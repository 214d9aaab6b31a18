// Reads the configuration again and rolls it out. Requests that arrive during a reload are joined into one more reload. A failure
// changes nothing, and is passed to `onDone` so that the admin pages can show it.

import { messageOf } from '../base/message-of.ts';
import type { LocatedProblem, Problem } from '../config/config.ts';
import { withoutEchoes } from '../config/problems/problem-order.ts';
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
  /** Rolls out, waiting for its turn. */
  readonly deploy: (loaded: LoadedFile) => Promise<RolloutResult>;
  /** Version of the serving configuration; empty before any serves. */
  readonly servingVersion: () => string;
  readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  /** Called after every try; `failure` is null after a success. */
  readonly onDone: (failure: ReloadFailure | null, loaded: LoadedFile | null) => void;
}

export class Reload {
  private readonly options: ReloadOptions;
  private running: Promise<ReloadFailure | null> | null = null;
  private next: Promise<ReloadFailure | null> | null = null;
  /** Version that could not be used because a worker died; empty when there is none. */
  private versionToRetry = '';
  /** The last version that was tried a second time. */
  private retriedVersion = '';

  constructor(options: ReloadOptions) {
    this.options = options;
  }

  /** Resolves with null when a configuration that was read after this call serves as a whole, otherwise with the failure. */
  request(cause: string): Promise<ReloadFailure | null> {
    if (this.running === null) {
      this.running = this.run(cause).finally(() => {
        this.running = null;
      });
      return this.running;
    }
    // The running reload may have read the file before the change; one further reload covers all requests that arrive meanwhile.
    this.next ??= this.running.then(() => {
      this.next = null;
      return this.request(cause);
    });
    return this.next;
  }

  /** To be called when a dead worker was replaced: a version that failed because of that death is tried once more, once per version. */
  workerReplaced(): void {
    const { versionToRetry } = this;
    this.versionToRetry = '';
    // Because: the worker may have died of this very configuration.
    if (versionToRetry === '' || versionToRetry === this.retriedVersion) return;
    this.retriedVersion = versionToRetry;
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
      // The process is stopping, as it was told to: nothing is wrong with the configuration.
      const level = failure.reason === STOPPING ? 'info' : 'error';
      if (failure.problems !== loaded?.refused) {
        log(level, 'configuration not used, the previous one stays in use', { cause, reason: failure.reason });
      } else {
        // Each in its own line: whoever mends the first one need not look for the next.
        for (const problem of failure.problems.filter(({ severity }) => severity === 'error'))
          log('error', 'certificate not used, the previous one stays in use', { cause, reason: placedText(problem) });
      }
    }
    onDone(failure, loaded);
    return failure;
  }

  private async use(loaded: LoadedFile, cause: string): Promise<ReloadFailure | null> {
    const { deploy, servingVersion, log } = this.options;
    const { config } = loaded;
    this.versionToRetry = '';
    if (config === null) return failureOf(summaryOf(loaded.problems), loaded.problems);
    const refused = loaded.refused.length === 0 ? null : failureOf(summaryOf(loaded.refused), loaded.refused);
    if (config.version === servingVersion()) {
      log('info', 'configuration is unchanged', { cause });
      return refused;
    }
    const began = performance.now();
    const result = await deploy(loaded);
    if (!result.ok) {
      if (result.lostWorker) this.versionToRetry = config.version;
      const problems = toldOnce(result.problems, loaded);
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
    // Every worker reports the same problems.
    const ofWorkers = toldOnce(result.reports[0]!.problems, loaded);
    for (const { severity, file, line, column, message } of [...loaded.problems, ...ofWorkers]) {
      if (severity === 'warning')
        log('warn', 'configuration warning', { place: `${file}:${line}:${column}`, reason: message });
    }
    return refused;
  }
}

/** What workers report, with its places. A problem that several routes have with the same chain is one. */
function toldOnce(problems: readonly Problem[], { locate }: LoadedFile): LocatedProblem[] {
  return withoutEchoes([], problems.map(locate));
}

function failureOf(reason: string, problems: readonly LocatedProblem[]): ReloadFailure {
  return { at: Date.now(), reason, problems };
}

/** The first error with its place, and the number of further errors. */
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
