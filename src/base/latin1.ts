// Bytes to text and back, one byte per character. The text of an HTTP head is bytes; decoding it as UTF-8 would change it.

/** What every Node Buffer has and its published types leave out: conversions without the argument checks of `toString`. */
interface Latin1Methods {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
}

/** Text of `bytes[start, end)`. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  // Because: the cast names methods that Buffer has had since Node 0.x; a test in this folder would fail without them.
  return (bytes as unknown as Latin1Methods).latin1Slice(start, end);
}

/** Writes `text` at `offset` and returns the number of bytes written; the text must fit. */
export function writeLatin1(bytes: Buffer, text: string, offset: number): number {
  // Because: as above.
  return (bytes as unknown as Latin1Methods).latin1Write(text, offset, text.length);
}

/** Space for texts while they are converted; longer ones get their own buffer. */
const room = Buffer.allocUnsafeSlow(8_192);

/** The same text in one piece of memory: such strings are written to a buffer at once, those put together of others by a detour. */
export function flatText(text: string): string {
  const bytes = text.length > room.length ? Buffer.allocUnsafe(text.length) : room;
  return latin1(bytes, 0, writeLatin1(bytes, text, 0));
}

const beyondAscii = /[^\0-\x7f]/;

/** Text as the bytes of its UTF-8, one a letter: what a head is made of. */
export function utf8AsLatin1(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}
