// By what code a Redis that answers refuses a command: `OOM`, `READONLY`, `NOPERM`, `BUSY`. What its message says beyond it may name keys.

/** Null for what is no answer of Redis's, such as a connection that ended. */
export function refusalCode(error: unknown): string | null {
  return error instanceof Error && error.name === 'ReplyError' ? error.message.split(' ', 1)[0]! : null;
}
