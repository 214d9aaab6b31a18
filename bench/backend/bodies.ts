// The bodies of the backend's responses: texts of fixed lengths that look like JSON and contain nothing that nginx would expand.

import { createHash } from 'node:crypto';

export interface Body {
  readonly path: string;
  readonly bytes: number;
}

/** From an answer of an API to one that takes many writes. */
export const bodies = {
  small: { path: '/small', bytes: 1024 },
  medium: { path: '/16k', bytes: 16 * 1024 },
  large: { path: '/1m', bytes: 1024 * 1024 },
} satisfies Record<string, Body>;

/** The text of a body of this length. */
export function bodyText(bytes: number): string {
  const item = '{\\"id\\":1234,\\"name\\":\\"Ada Lovelace\\",\\"tags\\":[\\"a\\",\\"b\\"]},'.replaceAll('\\"', '"');
  return item.repeat(Math.ceil(bytes / item.length)).slice(0, bytes);
}

/** SHA-256 in hex of the body of this length. */
export function bodyHash(bytes: number): string {
  return createHash('sha256').update(bodyText(bytes)).digest('hex');
}
