// The message of a caught value, for a line on the terminal. The same as in src/base, which the command line does not know.

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
