// Converts bytes to text and back, one byte per character. An HTTP head is bytes; decoding it as UTF-8 would change it.

/** Methods that every Node Buffer has and the published types omit: conversions without the argument checks of `toString`. */
interface Latin1Methods {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
}

/** The text of `bytes[start, end)`. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  // Because: the cast names methods that Buffer has had since Node 0.x; a test in this folder would fail without them.
  return (bytes as unknown as Latin1Methods).latin1Slice(start, end);
}

/** Writes `text` at `offset` and returns the number of bytes written; the text must fit. */
export function writeLatin1(bytes: Buffer, text: string, offset: number): number {
  // Because: as above.
  return (bytes as unknown as Latin1Methods).latin1Write(text, offset, text.length);
}

/** Scratch buffer for conversions; longer texts get a buffer of their own. */
const scratch = Buffer.allocUnsafeSlow(8_192);

/** A Latin-1 text as one flat string. V8 writes a flat string to a buffer directly, and has to flatten a concatenated one first. */
export function flatText(text: string): string {
  const bytes = text.length > scratch.length ? Buffer.allocUnsafe(text.length) : scratch;
  return latin1(bytes, 0, writeLatin1(bytes, text, 0));
}

const beyondAscii = /[^\0-\x7f]/;

/** A text with one character per byte of its UTF-8 encoding, which is how the text of an HTTP head is kept. */
export function utf8AsLatin1(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}
