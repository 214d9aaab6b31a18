// The package as an outside user gets it: packed from this checkout, installed with npm in an empty folder elsewhere.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../..');
const exec = promisify(execFile);

/** Packing and installing take 10 to 25 s each. When a registry does not answer, the step fails after this time, with its name. */
const stepTimeoutMs = 100_000;

export interface InstalledPackage {
  /** The folder in which it was installed; contains node_modules. */
  readonly folder: string;
  /** Paths inside the tarball, without the leading `package/`. */
  readonly files: readonly string[];
  remove(): void;
}

/** The environment without npm's variables about the checkout, except cache and registry, and without the checkout's tools in PATH. */
export function strangersEnvironment(): NodeJS.ProcessEnv {
  const isNpms = (name: string) => /^npm_/i.test(name) && !/^npm_config_(cache|registry)$/i.test(name);
  const own = Object.entries(process.env).filter(([name]) => !isNpms(name) && !/^NODE_/i.test(name));
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
    timeout: stepTimeoutMs,
  });
  const [tarball] = tarballsOf(packed.stdout);
  writeLock(folder, tarball!);
  await exec('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: folder,
    env,
    timeout: stepTimeoutMs,
  });
  return {
    folder,
    files: tarball!.files.map(file => file.path),
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

interface Tarball {
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string }[];
}

/** The entry of one package in a lock file; only the members that are read here. */
interface Locked {
  readonly version: string;
  readonly dev?: boolean;
}

/** Address of a package in npm's registry; npm itself replaces the host when another registry is configured. */
function addressOf(place: string, { version }: Locked): string {
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return `https://registry.npmjs.org/${name}/-/${path.posix.basename(name)}-${version}.tgz`;
}

/**
 * Writes a lock file with the tarball and its dependencies in the checkout's versions.
 * Without a lock file, or without addresses in it, npm asks the registry about each package by name, and a single request
 * without an answer would delay the tests for minutes. With it, npm takes them from the cache that the checkout's `npm ci` filled.
 */
function writeLock(folder: string, tarball: Tarball): void {
  // Both are files of this repository, in a format that npm defines.
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const own: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(path.join(root, 'package-lock.json'), 'utf8'),
  );
  const needed = Object.entries(own.packages)
    .filter(([place, locked]) => place !== '' && locked.dev !== true)
    .map(([place, locked]) => [place, { ...locked, resolved: addressOf(place, locked) }]);
  const resolved = `file:../${tarball.filename}`;
  const project = { name: 'elsewhere', version: '1.0.0', dependencies: { cardea: resolved } };
  const { version, bin, dependencies, optionalDependencies } = manifest;
  const cardea = { version, resolved, integrity: tarball.integrity, bin, dependencies, optionalDependencies };
  const packages = { '': project, 'node_modules/cardea': cardea, ...Object.fromEntries(needed) };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(
    path.join(folder, 'package-lock.json'),
    JSON.stringify({ name: project.name, version: project.version, lockfileVersion: 3, requires: true, packages }),
  );
}

/** npm 10 prints a list of tarballs, later versions an object by package name; output of scripts may precede it. */
function tarballsOf(stdout: string): Tarball[] {
  const printed: Tarball[] | Record<string, Tarball> = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  return Object.values(printed);
}
