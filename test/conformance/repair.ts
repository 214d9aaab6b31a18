// Adds to a fixture what llhttp does not require and we do, so that it is judged for what it was written to show.

import type { Fixture } from './llhttp-fixtures.ts';

/**
 * The fixture's bytes with a Host header added to each HTTP/1.1 head without one, and fragments removed from targets: most of llhttp's
 * requests lack Host and many contain a fragment, and refusing them for that alone would prove nothing.
 */
export function repaired(fixture: Fixture): Buffer {
  if (fixture.direction === 'response') return fixture.input;
  let text = fixture.input.toString('latin1');
  const ends = fixture.startLineEnds.length > 0 ? fixture.startLineEnds : [text.indexOf('\r\n')];
  for (const end of [...ends].reverse()) {
    // The fixture is about an error right after the start line, so nothing may be inserted there.
    if (fixture.errorAt >= end && fixture.errorAt <= end + 2) continue;
    if (text.slice(end, end + 2) !== '\r\n') continue;
    const headEnd = text.indexOf('\r\n\r\n', end);
    const head = text.slice(end, headEnd === -1 ? text.length : headEnd + 2);
    if (/^host:/im.test(head)) continue;
    const lineStart = text.lastIndexOf('\n', end) + 1;
    const authority = /^\S+ https?:\/\/([^/?# ]*)/i.exec(text.slice(lineStart, end))?.[1] ?? 'fixture.test';
    text = `${text.slice(0, end + 2)}Host: ${authority}\r\n${text.slice(end + 2)}`;
  }
  text = text.replace(/^([!-~]+ [^ #\r\n]*)#[^ \r\n]*( HTTP\/1\.1\r\n)/gm, '$1$2');
  return Buffer.from(text, 'latin1');
}
