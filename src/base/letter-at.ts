// Reads characters of a text at the same cost however the engine stores the text. Knows no protocol.

const { charCodeAt } = String.prototype;

/**
 * `text.charCodeAt(at)` for loops that many parts of the gateway share. V8 has some twenty kinds of strings; a call site that has met more
 * than four of them looks the method up anew for each character, which takes four times as long. Here the method is fixed.
 */
export function letterAt(text: string, at: number): number {
  return charCodeAt.call(text, at);
}
