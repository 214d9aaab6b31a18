// Who may import whom: the table of docs/decisions and what it forbids. Type imports count as well.

import { importsOf } from './imports.ts';
import type { SourceFile } from './source-files.ts';

interface Room {
  /** Rooms it may import from, beside itself. */
  readonly rooms: readonly string[];
  /** Packages from npm. */
  readonly packages?: readonly string[];
  /** Modules of Node that it may not know. */
  readonly withoutNode?: readonly string[];
}

const sockets = ['net', 'tls', 'http', 'https', 'http2', 'dgram'];
const all = [
  'base',
  'http',
  'net',
  'telemetry',
  'store',
  'route',
  'upstream',
  'exchange',
  'filters',
  'bridges',
  'config',
];

/** Each room of src/ and what it may know. Another edge is an error: change the design first, then this table. */
export const rooms: Record<string, Room> = {
  base: { rooms: [], packages: ['re2js', 'zod'], withoutNode: sockets },
  http: { rooms: ['base'], withoutNode: sockets },
  telemetry: { rooms: ['base'] },
  store: { rooms: ['base', 'telemetry'], packages: ['ioredis', 'postgres'] },
  net: { rooms: ['base', 'http', 'telemetry'] },
  route: { rooms: ['base', 'http'], withoutNode: sockets },
  upstream: { rooms: ['base', 'http', 'net', 'telemetry', 'store'], packages: ['dns-packet'] },
  exchange: { rooms: ['base', 'http', 'net', 'route', 'upstream', 'telemetry', 'store'] },
  filters: { rooms: ['base', 'http', 'store', 'telemetry', 'exchange'] },
  bridges: { rooms: ['base', 'http', 'store', 'telemetry', 'exchange'] },
  config: { rooms: ['base'], packages: ['js-yaml', 'zod'], withoutNode: sockets },
  compile: { rooms: all },
  runtime: { rooms: [...all, 'compile'] },
  control: { rooms: ['base', 'store', 'telemetry', 'config'] },
  cli: { rooms: ['config', 'runtime', 'control'] },
};

/** Rooms whose folders stand for themselves: a filter never knows another filter. */
const separate = ['filters', 'bridges'];

/** What the command line reads as text: its version, and the configuration of `cardea demo`. */
const dataOfCli = /^(package\.json|examples\/[a-z-]+\.yaml)$/;

/** Knows no socket either, and takes no more than the table of reason phrases from there. */
const reasonPhrases = 'src/http/status.ts';

/** A filter's or bridge's schema: read by config/, so it may know nothing of how exchanges run. */
const configFile = /^src\/(filters|bridges)\/[^/]+\/config\.ts$/;

/** Not even the checks of health: HTTP/2 is our own, on both sides. Node's client aborts the process on some answers. */
const nobodys = 'node:http2';

/** Packages that one filter alone has a need for. */
const packagesOf: Readonly<Record<string, readonly string[]>> = { 'src/filters/oidc': ['openid-client', 'jose'] };

/** Schemas, and what stands beside them for them: under the same rule. */
function languageFiles(files: readonly SourceFile[]): Set<string> {
  const byPath = new Map(files.map(file => [file.path, file]));
  const found = new Set<string>();
  const visit = (file: string): void => {
    const source = byPath.get(file);
    if (source === undefined || found.has(file)) return;
    found.add(file);
    for (const { to, relative } of importsOf(source).imports)
      if (relative && folderOf(to) === folderOf(file)) visit(to);
  };
  for (const { path } of files) if (configFile.test(path)) visit(path);
  return found;
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/'));
}

/** Every forbidden edge, one line each, with file and line. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const languages = languageFiles(files);
  const errors: string[] = [];
  for (const file of files) {
    const { imports, unreadable } = importsOf(file);
    for (const { from, line } of unreadable)
      errors.push(`${from}:${line} imports something that cannot be read off the code`);
    for (const { from, to, line, relative, bare } of imports) {
      const reason = bare
        ? 'imports for a side effect'
        : relative
          ? wrongFile(from, to, known, languages)
          : wrongModule(from, to, languages);
      if (reason !== undefined) errors.push(`${from}:${line} ${reason}: ${to}`);
    }
  }
  return errors;
}

function wrongFile(
  from: string,
  to: string,
  known: ReadonlySet<string>,
  languages: ReadonlySet<string>,
): string | undefined {
  const [, room = '', folder] = from.split('/');
  const [top, otherRoom = '', otherFolder] = to.split('/');
  if (top !== 'src' || rooms[room] === undefined) {
    return room === 'cli' && dataOfCli.test(to) ? undefined : 'leaves the rooms of src/';
  }
  if (!known.has(to)) return 'names a file that is not there';
  if (languages.has(from) && otherRoom !== 'base' && (folderOf(to) !== folderOf(from) || to.endsWith('/filter.ts')))
    return 'a config.ts, and what it takes from beside it, may know base and zod only, not';
  if (separate.includes(room) && otherRoom === room && folder !== otherFolder) return `${room} never know each other`;
  if (room === otherRoom) return undefined;
  if (room === 'config' && configFile.test(to)) return undefined;
  return rooms[room].rooms.includes(otherRoom) ? undefined : `${room} may not know ${otherRoom}`;
}

function wrongModule(from: string, to: string, languages: ReadonlySet<string>): string | undefined {
  const [, room = ''] = from.split('/');
  const { packages = [], withoutNode = [] } = rooms[room] ?? { rooms: [] };
  if (to === nobodys) return 'speaks HTTP/2 by another than src/http/h2';
  if (to.startsWith('node:')) {
    if (languages.has(from)) return 'a config.ts, and what it takes from beside it, may know base and zod only, not';
    if (from === reasonPhrases && to === 'node:http') return undefined;
    return withoutNode.includes(to.slice('node:'.length)) ? `${room} knows no sockets` : undefined;
  }
  if (languages.has(from))
    return to === 'zod' ? undefined : 'a config.ts, and what it takes from beside it, may know base and zod only, not';
  return packages.includes(to) || packagesOf[folderOf(from)]?.includes(to)
    ? undefined
    : `${room} may not use the package`;
}

/**
 * Circles of files as `a -> b -> a`: one at least when there is any. Type imports are left out: they are gone when the code
 * runs, and within a room two types may well speak of each other (an exchange has a chain, whose filters see the exchange).
 * Between rooms the table forbids circles of types as well.
 */
export function importCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const targets = importsOf(file).imports.filter(({ relative, typeOnly }) => relative && !typeOnly);
    edges.set(file.path, [...new Set(targets.map(({ to }) => to))]);
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string) => {
    const seenAt = trail.indexOf(file);
    if (seenAt !== -1) cycles.push([...trail.slice(seenAt), file].join(' -> '));
    if (seenAt !== -1 || done.has(file)) return;
    trail.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    trail.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return cycles;
}
