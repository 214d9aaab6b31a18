// The message of an error, short enough for a table: servers that cannot start write long messages.

const linesMax = 6;

/** The first six lines of an error's message that are not empty. */
export function shortMessage(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').filter(line => line.trim() !== '');
  return lines.slice(0, linesMax).join('\n    ');
}
