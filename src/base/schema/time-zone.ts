// Names of time zones in the language: those of the IANA list and offsets such as `+01:00`.

/** Whether JavaScript's dates know it. */
export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
