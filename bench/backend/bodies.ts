// What the backend answers: texts of fixed lengths that look like JSON and hold nothing nginx would expand.

import { createHash } from 'node:crypto';

export interface Body {
  readonly path: string;
  readonly bytes: number;
}

/** 1 KB is what performance.md measured with; the others are the issue's. */
export const bodies = {
  small: { path: '/small', bytes: 1024 },
  medium: { path: '/16k', bytes: 16 * 1024 },
  large: { path: '/1m', bytes: 1024 * 1024 },
} satisfies Record<string, Body>;

/** The body itself. */
export function bodyText(bytes: number): string {
  const item = '{\\"id\\":1234,\\"name\\":\\"Ada Lovelace\\",\\"tags\\":[\\"a\\",\\"b\\"]},'.replaceAll('\\"', '"');
  return item.repeat(Math.ceil(bytes / item.length)).slice(0, bytes);
}

/** SHA-256 in hex of the body that a length stands for. */
export function bodyHash(bytes: number): string {
  return createHash('sha256').update(bodyText(bytes)).digest('hex');
}
