// The code with which a Redis that answers refuses a command: `OOM`, `READONLY`, `NOPERM`, `BUSY`. The rest of a message may name keys.

/** Before version 7, the error of a script names the place in the script before the code. */
const ofScript = /^ERR Error running script .*?: -([A-Z]+) /;
/** In 7.0, a script that its user may not run to the end has no code of its own. */
const notPermitted = "ERR The user executing the script can't ";

/** Null for an error that is not an answer of Redis, such as a lost connection. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  if (error.message.startsWith(notPermitted)) return 'NOPERM';
  return ofScript.exec(error.message)?.[1] ?? error.message.split(' ', 1)[0]!;
}
