// What each signal asks of the gateway. Installed by the command that runs it.

/** Calls for the signals of the main process. */
export interface SignalTargets {
  reload(): void;
  reopenLogs(): void;
  /** Called again at the second signal, which is to hurry. */
  drain(): void;
}

/** SIGHUP reloads, SIGUSR1 reopens the access log, SIGTERM and SIGINT drain. */
export function listenToSignals({ reload, reopenLogs, drain }: SignalTargets): void {
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', reopenLogs);
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
}
