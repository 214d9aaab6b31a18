// What each signal asks of the gateway. Installed by the command that runs it.

/** Calls for the signals of the main process. */
export interface SignalTargets {
  reload(): void;
  reopenLogs(): void;
  /** Called again at the second signal, which is to hurry. */
  drain(): void;
  /** A signal that other proxies have a use for. Unheard it would end the process with all requests under way. */
  noUse(signal: string): void;
}

/** SIGHUP reloads, SIGUSR1 reopens the access log, SIGTERM, SIGINT and SIGQUIT drain, SIGUSR2 has no use. */
export function listenToSignals({ reload, reopenLogs, drain, noUse }: SignalTargets): void {
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', reopenLogs);
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
  // Windows knows neither.
  if (process.platform === 'win32') return;
  process.on('SIGQUIT', drain);
  process.on('SIGUSR2', noUse);
}
