// Takes what came from outside by `${env:}` or `${file:}` out of messages, and puts there how it was written.

/** Shorter values are hidden only where they stand alone in quotes: `80` stands in many messages. */
const runMin = 6;

/** `secrets` leads from a value to how it was written. Beginnings of long values count, since messages cut them. */
export function hideSecrets(message: string, secrets: ReadonlyMap<string, string>): string {
  for (const [value, written] of secrets) {
    const quoted = JSON.stringify(value);
    message = message.replaceAll(quoted, () => JSON.stringify(written));
    if (value.length < runMin) continue;
    message = withoutRuns(message, value, written);
    message = withoutRuns(message, quoted.slice(1, -1), written);
  }
  return message;
}

function withoutRuns(message: string, value: string, written: string): string {
  if (value.length < runMin || written.includes(value)) return message;
  const beginning = value.slice(0, runMin);
  let result = '';
  let from = 0;
  for (let at = message.indexOf(beginning); at !== -1; at = message.indexOf(beginning, from)) {
    let length = runMin;
    while (length < value.length && message[at + length] === value[length]) length++;
    const isCut = message[at + length] === '…';
    result += message.slice(from, at);
    result += length === value.length || isCut ? written : message.slice(at, at + length);
    from = at + length;
  }
  return result + message.slice(from);
}
