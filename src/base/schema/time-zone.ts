// Names of time zones in the configuration: those of the IANA list and offsets such as `+01:00`.

/** Whether the runtime's date functions support this time zone. */
export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
