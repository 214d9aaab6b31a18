// The message of a caught value, for a line on the terminal. A copy of the one in src/base, which the command line does not import.

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
