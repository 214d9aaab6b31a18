// Output of a command: text for people, coloured on a terminal only, and JSON for programs. Knows no command.

/** https://no-color.org: any value of NO_COLOR but the empty one switches colours off. */
function wantsColour(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof codes;

/** Colours text, or returns it unchanged. */
export type Paint = (colour: Colour, text: string) => string;

export class Terminal {
  /** For standard output and standard error, since only one of them may be a terminal. */
  readonly paint: Paint;
  readonly paintError: Paint;

  constructor() {
    this.paint = painter(wantsColour(process.stdout));
    this.paintError = painter(wantsColour(process.stderr));
  }

  /** Writes one or several lines on standard output. */
  out(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Writes one or several lines on standard error. */
  err(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Writes a value on standard output, as JSON for programs. */
  json(value: unknown): void {
    this.out(JSON.stringify(value, null, 2));
  }
}

function painter(on: boolean): Paint {
  return on ? (colour, text) => `\x1b[${codes[colour]}m${text}\x1b[0m` : (_colour, text) => text;
}
