// The version of this package from its package.json, which is at the same relative path in a checkout and in the package.

import { readFileSync } from 'node:fs';

export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  // Because: the package.json of this package has a version.
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
