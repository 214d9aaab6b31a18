// Replaces values that came from outside by `${env:}` or `${file:}` in messages: shows the reference as it is written in the document.

/** Length in characters. Shorter values are hidden only as a whole in quotes, because a text such as `80` stands in many messages. */
const runMin = 6;

/** `secrets` maps a value to its reference as written. The beginning of a long value is replaced too, because messages cut long values. */
export function hideSecrets(message: string, secrets: ReadonlyMap<string, string>): string {
  for (const [value, written] of longestFirst(message, secrets)) {
    const quoted = JSON.stringify(value);
    message = message.replaceAll(quoted, () => JSON.stringify(written));
    if (value.length < runMin) continue;
    message = withoutRuns(message, value, written);
    message = withoutRuns(message, quoted.slice(1, -1), written);
  }
  return message;
}

/**
 * The secrets that the message may contain. A secret that is a part of a longer one comes after it: if it were replaced first, the longer one
 * would not be found, and the rest of it would be shown.
 */
function longestFirst(message: string, secrets: ReadonlyMap<string, string>): (readonly [string, string])[] {
  const contained = [...secrets].filter(
    ([value]) =>
      message.includes(value.slice(0, runMin)) || message.includes(JSON.stringify(value).slice(1, -1).slice(0, runMin)),
  );
  return contained.sort(([a], [b]) => b.length - a.length);
}

function withoutRuns(message: string, value: string, written: string): string {
  if (value.length < runMin || written.includes(value)) return message;
  const beginning = value.slice(0, runMin);
  let result = '';
  let from = 0;
  for (let at = message.indexOf(beginning); at !== -1; at = message.indexOf(beginning, from)) {
    let length = runMin;
    while (length < value.length && message[at + length] === value[length]) length++;
    const isHidden = length === value.length || message[at + length] === '…';
    result += message.slice(from, at) + (isHidden ? written : message[at]);
    // What only begins like the value may contain the value further on: `00012300012345` contains `00012345`.
    from = isHidden ? at + length : at + 1;
  }
  return result + message.slice(from);
}
