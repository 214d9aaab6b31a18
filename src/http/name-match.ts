// Compares header names case-insensitively and without creating strings.

/** Whether `name`, in any case, equals the lower-case `lowerName`. */
export function sameName(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && beginsAt(name, 0, lowerName);
}

/** Whether the header name at `start` of `raw`, in any case, is `lowerName`: the text has a colon right after it. */
export function nameMatchesAt(raw: string, start: number, lowerName: string): boolean {
  return raw.charCodeAt(start + lowerName.length) === 0x3a && beginsAt(raw, start, lowerName);
}

/** Whether `raw` contains the lower-case text `lowerName`, in any case, at `start`. */
export function beginsAt(raw: string, start: number, lowerName: string): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    let code = raw.charCodeAt(start + i);
    if (code >= 0x41 && code <= 0x5a) code += 0x20;
    if (code !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}
