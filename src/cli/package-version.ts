// The version of this package, as its package.json says. The same folder depth in a checkout and in the package.

import { readFileSync } from 'node:fs';

export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  // Because: package.json of this very package has a version.
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
