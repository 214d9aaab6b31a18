// By what code a Redis that answers refuses a command: `OOM`, `READONLY`, `NOPERM`, `BUSY`. What its message says beyond it may name keys.

/** Before version 7, what a script was refused stands behind where in the script. */
const ofScript = /^ERR Error running script .*?: -([A-Z]+) /;
/** And in 7.0 a script that its user may not run to the end has no code of its own. */
const notPermitted = "ERR The user executing the script can't ";

/** Null for what is no answer of Redis's, such as a connection that ended. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  if (error.message.startsWith(notPermitted)) return 'NOPERM';
  return ofScript.exec(error.message)?.[1] ?? error.message.split(' ', 1)[0]!;
}
