// The real servers and tools that tests run against, and their installation. Never starts a service.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** One package per line: its name, the command that shows that it is installed, and why tests need it. */
export const testPackages = [
  { name: 'nginx-light', command: 'nginx', why: 'backend behind the gateway in the smuggling corpus' },
  { name: 'apache2-bin', command: 'apache2', why: 'second backend in the smuggling corpus' },
  { name: 'slowhttptest', command: 'slowhttptest', why: 'slow heads, slow bodies and slow readers' },
  { name: 'strace', command: 'strace', why: 'counts system calls and writes per request' },
  { name: 'nghttp2-client', command: 'h2load', why: 'HTTP/2 clients that are not ours: nghttp, and h2load for load' },
  { name: 'curl', command: 'curl', why: 'the client that users start with' },
  { name: 'openssl', command: 'openssl', why: 'makes certificates, and is the other side of TLS' },
  { name: 'redis-server', command: 'redis-server', why: 'the store of shared limits, revocations and keys' },
  { name: 'postgresql-15', command: 'pg_ctlcluster', why: 'a store of API keys' },
  { name: 'chromium', command: 'chromium', why: 'the browser that logs in' },
];

/**
 * Returns the packages whose command is not on this machine.
 * @template {{ command: string }} Package
 * @param {Package[]} packages
 * @returns {Package[]}
 */
function missingPackages(packages) {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return packages.filter(({ command }) => !folders.some(folder => existsSync(path.join(folder, command))));
}

/**
 * Installs missing packages when allowed (root, or sudo without a password); otherwise prints what to install.
 * @param {{ name: string, command: string, why: string }[]} packages
 * @returns {boolean} whether all of them are installed now
 */
export function ensurePackages(packages) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return true;
  const names = missing.map(({ name }) => name);
  const prefix = rootPrefix();
  if (prefix !== undefined && existsSync('/usr/bin/apt-get')) {
    console.error(`cardea: installing Debian packages: ${names.join(' ')}`);
    const [command, ...rest] = [...prefix, 'sh', '-c', installScript, 'install', ...names];
    spawnSync(command, rest, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  const absent = missingPackages(packages);
  if (absent.length === 0) return true;
  console.error('cardea: these programs are missing:');
  for (const { name, command, why } of absent)
    console.error(`  ${command.padEnd(14)} Debian package ${name.padEnd(14)} ${why}`);
  console.error(
    `install them with:\n  sudo apt-get install --no-install-recommends ${absent.map(({ name }) => name).join(' ')}`,
  );
  return false;
}

/** Words to put before a command to run it as root; undefined when that takes a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND'] : undefined;
}

/**
 * Debian starts a server when its package is installed, unless a policy-rc.d script exits with 101 (invoke-rc.d(8)).
 * An existing policy-rc.d is somebody's decision and stays.
 */
const installScript = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get -q -o DPkg::Lock::Timeout=120 update
apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
`;
