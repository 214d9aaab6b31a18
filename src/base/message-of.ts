// The message of a caught value: JavaScript lets anything be thrown.

/** The error's own message, without its stack: for operators. It may name files and addresses, so callers are never shown it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
