// The message of a caught value, which in JavaScript need not be an Error.

/** The error's message without its stack, for operators. It may name files and addresses, so callers must never see it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
