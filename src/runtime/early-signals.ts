// Signals that arrive before the gateway can handle them: while its code is loaded, nothing is open yet. As process 1 of a container
// they would be lost otherwise, because the kernel drops signals for which process 1 has no handler.

/** Ends at once, as successfully as a drain of nothing. */
const leave = (): void => process.exit(0);
/** The configuration and the logs are read and opened after this anyway. */
const nothing = (): void => {};

const handlers: readonly (readonly [signal: NodeJS.Signals, handler: () => void])[] = [
  ['SIGTERM', leave],
  ['SIGINT', leave],
  ['SIGHUP', nothing],
  ['SIGUSR1', nothing],
  // Windows has neither of these.
  ...(process.platform === 'win32'
    ? []
    : ([
        ['SIGQUIT', leave],
        ['SIGUSR2', nothing],
      ] as const)),
];

/** To be called as early as possible by a command that runs the gateway. */
export function handleEarlySignals(): void {
  for (const [signal, handler] of handlers) process.on(signal, handler);
}

/** To be called once other handlers stand: without any, a signal that has just arrived would be dropped. */
export function endEarlySignals(): void {
  for (const [signal, handler] of handlers) process.off(signal, handler);
}
