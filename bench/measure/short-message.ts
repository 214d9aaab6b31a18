// What went wrong, short enough for a table: servers that cannot start tell long stories.

const linesMax = 6;

/** An error's message, its first lines. */
export function shortMessage(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').filter(line => line.trim() !== '');
  return lines.slice(0, linesMax).join('\n    ');
}
