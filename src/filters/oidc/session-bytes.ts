// A session in few bytes, since a cookie holds few: tokens as the bytes that their base64 stands for, and everything compressed. Reads also
// what earlier versions wrote. The length may be seen: nobody can choose parts of another user's session to learn the rest from it.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Session } from './session.ts';

/** The first byte. What earlier versions wrote begins with `{`. */
const PACKED = 1;
const LINE_FEED = 0x0a;
/** A larger session is not compressed, so that a cookie of the largest size takes little memory and time. */
const CONTENT_BYTES_MAX = 262_144;

const tokenNames = ['accessToken', 'refreshToken', 'idToken'] as const;

/** A token in the JSON line: as text, or as the lengths of its parts, whose bytes are after the line. */
type PackedToken = string | null | readonly number[];
type Head = Omit<Session, (typeof tokenNames)[number]> & Record<(typeof tokenNames)[number], PackedToken>;

export function sessionBytes(session: Session): Buffer {
  const head: Head = { ...session };
  const pieces: Buffer[] = [];
  for (const name of tokenNames) {
    const parts = partsOf(session[name]);
    if (parts === null) continue;
    head[name] = parts.map(({ length }) => length);
    pieces.push(...parts);
  }
  // JSON text contains no line feed.
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...pieces]);
  if (content.length > CONTENT_BYTES_MAX) return Buffer.from(JSON.stringify(session));
  return Buffer.concat([Buffer.of(PACKED), deflateRawSync(content, { level: 9 })]);
}

/** Null for bytes that are not a session of this provider and client. They must come from a sealed box. */
export function parseSession(bytes: Buffer, providerAndClient: string): Session | null {
  try {
    // Because: only this filter writes such bytes, and seals them.
    const session = (bytes[0] === PACKED ? unpacked(bytes.subarray(1)) : JSON.parse(bytes.toString())) as Session;
    return session.of === providerAndClient ? session : null;
  } catch {
    return null;
  }
}

function unpacked(bytes: Buffer): Session {
  const content = inflateRawSync(bytes, { maxOutputLength: CONTENT_BYTES_MAX });
  let at = content.indexOf(LINE_FEED) + 1;
  const head = JSON.parse(content.toString('utf8', 0, at)) as Head; // Because: see `parseSession`.
  const text = (token: PackedToken): string | null => {
    if (token === null || typeof token === 'string') return token;
    const parts = token.map(length => {
      const from = at;
      at += length;
      return content.toString('base64url', from, at);
    });
    return parts.join('.');
  };
  const accessToken = text(head.accessToken);
  const refreshToken = text(head.refreshToken);
  return { ...head, accessToken, refreshToken, idToken: text(head.idToken) };
}

/** The bytes of each part of a token, such as the three of a JWT; null for a token that they could not be turned back into. */
function partsOf(token: string | null): Buffer[] | null {
  if (token === null) return null;
  const texts = token.split('.');
  const parts = texts.map(text => Buffer.from(text, 'base64url'));
  return parts.every((part, at) => part.toString('base64url') === texts[at]) ? parts : null;
}
