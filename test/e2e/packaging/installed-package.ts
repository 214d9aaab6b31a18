// The package as a stranger gets it: packed from this checkout, installed with npm in an empty folder elsewhere.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../..');
const exec = promisify(execFile);

export interface InstalledPackage {
  /** The folder that it was installed in; holds node_modules. */
  readonly folder: string;
  /** Paths inside the tarball, without the leading `package/`. */
  readonly files: readonly string[];
  remove(): void;
}

/** Without what npm tells its scripts of the checkout, and without the checkout's tools in PATH. */
export function strangersEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name));
  const searchPath = (process.env['PATH'] ?? '').split(path.delimiter).filter(folder => !folder.startsWith(root));
  return { ...Object.fromEntries(own), PATH: searchPath.join(path.delimiter) };
}

export async function installPackage(): Promise<InstalledPackage> {
  const parent = mkdtempSync(path.join(tmpdir(), 'cardea-package-'));
  const folder = path.join(parent, 'elsewhere');
  mkdirSync(folder);
  const env = strangersEnvironment();
  const packed = await exec('npm', ['pack', '--json', '--pack-destination', parent], {
    cwd: root,
    env,
    maxBuffer: 1 << 24,
  });
  const [tarball] = tarballsOf(packed.stdout);
  await exec('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', path.join(parent, tarball!.filename)], {
    cwd: folder,
    env,
  });
  return {
    folder,
    files: tarball!.files.map(file => file.path),
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

interface Tarball {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** npm 10 prints a list of tarballs, later ones an object by package name; lines of scripts may stand before it. */
function tarballsOf(stdout: string): Tarball[] {
  const printed: Tarball[] | Record<string, Tarball> = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  return Object.values(printed);
}
