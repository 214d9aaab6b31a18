// SIGUSR1 before its handler stands opens Node's debugger, which nobody asked for. Here it is closed again.

const askedFor = /(^|\s)--inspect(-brk|-wait)?(=|\s|$)/;

/** To be called once the signal has a handler of ours. A debugger that the command line asks for stays. */
export function closeEarlyDebugger(): void {
  if (askedFor.test(`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`)) return;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
