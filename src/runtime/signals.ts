// Which signal asks the gateway for what. Installed by the command that runs the gateway.

import { endEarlySignals } from './early-signals.ts';

/** Calls for the signals of the main process. */
export interface SignalTargets {
  reload(): void;
  reopenLogs(): void;
  /** Called again at a second signal, which cuts the drain short. */
  drain(): void;
  /** For a signal that other proxies use. Without a handler, the signal would end the process with all requests in progress. */
  noUse(signal: string): void;
}

/** SIGHUP reloads, SIGUSR1 reopens the access log, SIGTERM, SIGINT and SIGQUIT drain, SIGUSR2 has no use. */
export function listenToSignals({ reload, reopenLogs, drain, noUse }: SignalTargets): void {
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', reopenLogs);
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
  // Windows has neither SIGQUIT nor SIGUSR2.
  if (process.platform !== 'win32') {
    process.on('SIGQUIT', drain);
    process.on('SIGUSR2', noUse);
  }
  endEarlySignals();
}
