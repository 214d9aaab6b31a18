// Compares header names without regard to case and without making strings.

/** Whether a name, in any case, is this lower-case one. */
export function sameName(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && beginsAt(name, 0, lowerName);
}

/** Whether `raw` has this lower-case name, in any case, at `start`, ended by a colon. */
export function nameStandsAt(raw: string, start: number, lowerName: string): boolean {
  return raw.charCodeAt(start + lowerName.length) === 0x3a && beginsAt(raw, start, lowerName);
}

/** Whether `raw` has these lower-case letters, in any case, at `start`. */
export function beginsAt(raw: string, start: number, lowerName: string): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    let code = raw.charCodeAt(start + i);
    if (code >= 0x41 && code <= 0x5a) code += 0x20;
    if (code !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}
