// By what code a Redis that answers refuses a command: `OOM`, `READONLY`, `NOPERM`, `BUSY`. What its message says beyond it may name keys.

/** Before version 7, what a script was refused stands behind where in the script. */
const ofScript = /^ERR Error running script .*?: -([A-Z]+) /;

/** Null for what is no answer of Redis's, such as a connection that ended. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  return ofScript.exec(error.message)?.[1] ?? error.message.split(' ', 1)[0]!;
}
