// Runs the gateway in this process from start to exit: the common part of `run` and `demo`.

import { flushCompileCache } from 'node:module';
import { AdminServer } from '../control/admin-server.ts';
import { tooFewDescriptors } from '../runtime/descriptor-room.ts';
import { closeEarlyDebugger } from '../runtime/early-debugger.ts';
import { listenFailure } from '../runtime/listener-book.ts';
import { type LoadedFile, loadFile } from '../runtime/load.ts';
import type { ReloadFailure } from '../runtime/reload.ts';
import type { RolloutResult } from '../runtime/rollout.ts';
import { listenToSignals } from '../runtime/signals.ts';
import { Supervisor } from '../runtime/supervisor.ts';
import { SystemdNotifier } from '../runtime/systemd-notifier.ts';
import { ExitCode } from './command.ts';
import { messageOf } from './message-of.ts';
import { packageVersion } from './package-version.ts';
import { counted, countText, problemLines } from './problem-text.ts';
import type { Terminal } from './terminal.ts';

/** The compile cache is written this long after the start, so that it does not slow the start down. */
const FLUSH_CACHE_AFTER_MS = 3_000;

/** How long the process waits at the end for a slow reader of its output. */
const READER_WAIT_MS = 2_000;

export interface ServeOptions {
  readonly file: string;
  readonly workers: number;
  /** Called once the gateway serves, with its addresses such as `http://127.0.0.1:8080`; `admin` is empty when it is off. */
  readonly onReady?: (listeners: readonly string[], admin: string) => void;
}

/** Runs until the gateway has drained, or could not start. Resolves with the exit code. Leaves nothing open either way. */
export async function serve({ file, workers, onReady }: ServeOptions, terminal: Terminal): Promise<number> {
  const version = packageVersion();
  // Before any thread starts: a thread for which there is no descriptor ends the process without a word.
  const tooFew = tooFewDescriptors(workers);
  if (tooFew !== null) {
    terminal.err(`${terminal.paintError('red', 'cardea:')} ${tooFew}`);
    return ExitCode.failed;
  }
  // The supervisor starts its threads while the file is read.
  const supervisor = new Supervisor({ workers, load: pairs => loadFile(file, pairs), version });
  const fail = async (message: string): Promise<number> => {
    if (message !== '') terminal.err(`${terminal.paintError('red', 'cardea:')} ${message}`);
    await supervisor.abandon();
    return ExitCode.failed;
  };

  const notifier = new SystemdNotifier({
    onFailure: reason => terminal.err(`cardea: systemd could not be told: ${reason} (NOTIFY_SOCKET is set)`),
  });
  // Before anything else: a signal without a listener ends the process.
  const leave = leaveOnSignals(supervisor, notifier, terminal);
  const loaded = await loadFile(file);
  if (leave.begun) {
    await leave.end;
    return ExitCode.ok;
  }
  const { config, problems } = loaded;
  if (problems.length > 0) terminal.err(problemLines(problems, terminal.paintError));
  if (config === null) return await fail(`not started: ${countText(problems)}`);

  const admin = config.admin.enabled ? new AdminServer(config.admin, supervisor) : null;
  let adminUrl = '';
  try {
    adminUrl = (await admin?.listen()) ?? '';
  } catch (error) {
    return await fail(`admin: ${error instanceof Error ? listenFailure(config.admin, error) : String(error)}`);
  }
  const result = await startOrReason(supervisor, loaded);
  // A signal to drain came before the gateway served: the failed start is no error, since its workers were ended on purpose.
  if (leave.begun) {
    await leave.end;
    admin?.close();
    return ExitCode.ok;
  }
  if (!result.ok) {
    admin?.close();
    const located = result.problems.map(loaded.locate);
    if (located.length > 0) terminal.err(problemLines(located, terminal.paintError));
    return await fail(result.reason === '' ? `not started: ${countText(located)}` : result.reason);
  }
  // Every worker reports the same warnings.
  const warnings = result.reports[0]!.problems.map(loaded.locate);
  if (warnings.length > 0) terminal.err(problemLines(warnings, terminal.paintError));
  const { listeners } = supervisor.status;
  // Before the line that says ready: a test that reads it may send the signal at once.
  crashOnTestSignal(supervisor);
  closeEarlyDebugger();
  terminal.err(readyLine(version, listeners, workers, adminUrl));
  void notifier.ready(`serving ${listeners.join(', ')}`);
  onReady?.(listeners, adminUrl);
  setTimeout(flushCompileCache, FLUSH_CACHE_AFTER_MS).unref();

  await leave.end;
  admin?.close();
  return ExitCode.ok;
}

/** Whether the gateway was told to end, and the promise that resolves when it has drained. */
interface Leave {
  begun: boolean;
  readonly end: Promise<void>;
}

/** Handles signals from now on. */
function leaveOnSignals(supervisor: Supervisor, notifier: SystemdNotifier, terminal: Terminal): Leave {
  const { promise: end, resolve: drained } = Promise.withResolvers<void>();
  const leave: Leave = { begun: false, end };
  listenToSignals({
    reload: () => void notifier.around(supervisor.reload('SIGHUP').then(statusAfter)),
    reopenLogs: () => void supervisor.reopenLogs(),
    drain: () => {
      const done = supervisor.drain();
      // A second signal makes the running drain faster; its own promise resolves first and is ignored.
      if (leave.begun) return;
      leave.begun = true;
      void notifier.stopping();
      void done.then(() => {
        drained();
        // Because: output that nobody reads keeps the process alive, and its reader may never come back.
        setTimeout(() => process.exit(), READER_WAIT_MS).unref();
      });
    },
    noUse: signal => terminal.err(`cardea: ${signal} has no effect here; SIGHUP reloads, SIGUSR1 reopens the log`),
  });
  return leave;
}

/** What systemd shows after a reload. */
function statusAfter(failure: ReloadFailure | null): string {
  if (failure === null) return `serving the configuration of ${new Date().toISOString()}`;
  const reason = failure.reason === '' ? countText(failure.problems) : failure.reason;
  return `serving the configuration before the reload that failed: ${reason}`;
}

/** Starts the gateway. A thrown error, for example of a dead worker, counts as a failed start. */
async function startOrReason(supervisor: Supervisor, loaded: LoadedFile): Promise<RolloutResult> {
  try {
    return await supervisor.start(loaded);
  } catch (error) {
    return { ok: false, problems: [], reason: messageOf(error), lostWorker: false };
  }
}

function readyLine(version: string, listeners: readonly string[], workers: number, admin: string): string {
  const ofAdmin = admin === '' ? 'no admin' : `admin ${admin}`;
  return `cardea ${version} ready: ${listeners.join(', ')} (${counted(workers, 'worker')}), ${ofAdmin}`;
}

/** Makes a worker fail on SIGUSR2, for tests of replaced workers. Only if the environment enables it: no request can trigger it. */
function crashOnTestSignal(supervisor: Supervisor): void {
  const how = process.env['CARDEA_TEST_CRASH'];
  if (how === 'throw' || how === 'terminate' || how === 'hang')
    process.on('SIGUSR2', () => void supervisor.crashWorker(how));
}
