// A SIGUSR1 that arrives before the gateway handles the signal makes Node open its debugger. Closes that unwanted debugger again.

const askedFor = /(^|\s)--inspect(-brk|-wait)?(=|\s|$)/;

/** To be called once the gateway handles SIGUSR1. A debugger that the command line or NODE_OPTIONS asks for stays open. */
export function closeEarlyDebugger(): void {
  if (askedFor.test(`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`)) return;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
