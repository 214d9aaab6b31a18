// Completes package-lock.json after `npm install`, so that `npm ci` accepts it everywhere. Run by `npm run lock`.
// With a registry that lacks a package's binaries for other platforms, npm leaves these out of the lock, and `npm ci`
// then refuses the lock ("Missing: @biomejs/cli-darwin-arm64@ from lock file").

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const systems = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const processors = ['arm64', 'x64', 'ia32', 'arm', 'loong64', 'ppc64', 'riscv64', 's390x', 'mips64el'];

/**
 * Returns the optional dependencies of entries for which the lock has no entry.
 * @param {{ packages: Record<string, any> }} lock
 * @returns {{ name: string, range: string, dev: boolean }[]}
 */
export function missingOptionals(lock) {
  const missing = new Map();
  for (const [key, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!resolves(lock.packages, key, name)) missing.set(name, { name, range, dev: entry.dev === true });
    }
  }
  return [...missing.values()];
}

/**
 * Makes the lock entry for a binary of another platform. It has no integrity: npm fetches it only on that platform.
 * Throws when the name contains no platform, because such an entry would be fetched everywhere.
 * @param {{ name: string, range: string, dev: boolean }} missing
 */
export function stubOf({ name, range, dev }) {
  const words = name.split('/').pop() ?? '';
  const os = systems.filter(system => words.includes(system));
  const cpu = processors.find(processor => words.split(/[-_.]/).includes(processor));
  if (os.length === 0 && cpu === undefined) {
    throw new Error(`${name} is missing from the lock and its name tells no platform: add its entry by hand`);
  }
  return {
    version: range.replace(/^[~^]/, ''),
    optional: true,
    ...(dev && { dev: true }),
    ...(os.length > 0 && { os }),
    ...(cpu !== undefined && { cpu: [cpu] }),
    ...(words.includes('musl') && { libc: ['musl'] }),
  };
}

/** Whether Node's lookup from the package at `key` finds `name`. */
function resolves(packages, key, name) {
  for (let folder = key; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
  }
}

/** Adds the missing entries, removes the addresses of the registry in use, and sorts as npm does. Returns the names added. */
function completeLock(file) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingOptionals(lock);
  for (const each of missing) lock.packages[`node_modules/${each.name}`] = stubOf(each);
  for (const entry of Object.values(lock.packages)) delete entry.resolved;
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  return missing.map(each => each.name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const added = completeLock(fileURLToPath(new URL('../package-lock.json', import.meta.url)));
  console.log(
    added.length === 0 ? 'package-lock.json was complete' : `added to package-lock.json:\n  ${added.join('\n  ')}`,
  );
}
