// The gateway in this process from start to exit: what `run` and `demo` have in common.

import { flushCompileCache } from 'node:module';
import { AdminServer } from '../control/admin-server.ts';
import { closeEarlyDebugger } from '../runtime/early-debugger.ts';
import { listenFailure } from '../runtime/listener-book.ts';
import { type LoadedFile, loadFile } from '../runtime/load.ts';
import type { RolloutResult } from '../runtime/rollout.ts';
import { listenToSignals } from '../runtime/signals.ts';
import { Supervisor } from '../runtime/supervisor.ts';
import { ExitCode } from './command.ts';
import { messageOf } from './message-of.ts';
import { packageVersion } from './package-version.ts';
import { counted, countText, problemLines } from './problem-text.ts';
import type { Terminal } from './terminal.ts';

/** Compiled code is written to the cache when the start is over, so that it does not take part in it. */
const FLUSH_CACHE_AFTER_MS = 3_000;

/** So long what was said waits at the end for a reader who is behind. */
const READER_WAIT_MS = 2_000;

export interface ServeOptions {
  readonly file: string;
  readonly workers: number;
  /** Called once it serves, with its addresses: `http://127.0.0.1:8080`. */
  readonly onReady?: (listeners: readonly string[], admin: string) => void;
}

/** Resolves with the exit code: after a drain, or when it could not start. Nothing is left open either way. */
export async function serve({ file, workers, onReady }: ServeOptions, terminal: Terminal): Promise<number> {
  // The threads start while the file is read.
  const supervisor = new Supervisor({ workers, load: () => loadFile(file), version: packageVersion() });
  const fail = async (message: string): Promise<number> => {
    if (message !== '') terminal.err(`${terminal.paintError('red', 'cardea:')} ${message}`);
    await supervisor.abandon();
    return ExitCode.failed;
  };

  // Before anything else: a signal that nobody listens to ends the process.
  const leave = leaveOnSignals(supervisor, terminal);
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
  // Told to leave before it served, it has nothing to complain of: its workers were ended on purpose.
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
  const { listeners } = supervisor.status;
  // Before it says that it is ready: who reads that may send the signal at once.
  crashOnTestSignal(supervisor);
  closeEarlyDebugger();
  terminal.err(readyLine(listeners, workers, adminUrl));
  onReady?.(listeners, adminUrl);
  setTimeout(flushCompileCache, FLUSH_CACHE_AFTER_MS).unref();

  await leave.end;
  admin?.close();
  return ExitCode.ok;
}

/** Whether the gateway was told to end, and when it has. */
interface Leave {
  begun: boolean;
  readonly end: Promise<void>;
}

/** Does what signals ask for from now on. */
function leaveOnSignals(supervisor: Supervisor, terminal: Terminal): Leave {
  const { promise: end, resolve: drained } = Promise.withResolvers<void>();
  const leave: Leave = { begun: false, end };
  listenToSignals({
    reload: () => void supervisor.reload('SIGHUP'),
    reopenLogs: () => void supervisor.reopenLogs(),
    drain: () => {
      const done = supervisor.drain();
      // A second one hurries the first, and is over before it.
      if (leave.begun) return;
      leave.begun = true;
      void done.then(() => {
        drained();
        // Because: nobody says that who reads standard error ever comes back, and what is not written holds the process.
        setTimeout(() => process.exit(), READER_WAIT_MS).unref();
      });
    },
    noUse: signal => terminal.err(`cardea: ${signal} has no effect here; SIGHUP reloads, SIGUSR1 reopens the log`),
  });
  return leave;
}

/** An error, for example a dead worker, counts as a failed start. */
async function startOrReason(supervisor: Supervisor, loaded: LoadedFile): Promise<RolloutResult> {
  try {
    return await supervisor.start(loaded);
  } catch (error) {
    return { ok: false, problems: [], reason: messageOf(error), lostWorker: false };
  }
}

function readyLine(listeners: readonly string[], workers: number, admin: string): string {
  const ofAdmin = admin === '' ? 'no admin' : `admin ${admin}`;
  return `cardea ${packageVersion()} ready: ${listeners.join(', ')} (${counted(workers, 'worker')}), ${ofAdmin}`;
}

/** The tests of replaced workers need a worker that fails. Only if the environment enables it: no request leads here. */
function crashOnTestSignal(supervisor: Supervisor): void {
  const how = process.env['CARDEA_TEST_CRASH'];
  if (how === 'throw' || how === 'terminate' || how === 'hang')
    process.on('SIGUSR2', () => void supervisor.crashWorker(how));
}
