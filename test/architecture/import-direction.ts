// Which room may import which: the table from docs/decisions, and its check. Type imports count as well.

import { importsOf } from './imports.ts';
import type { SourceFile } from './source-files.ts';

interface Room {
  /** Rooms that it may import from, besides itself. */
  readonly rooms: readonly string[];
  /** Packages from npm that it may use. */
  readonly packages?: readonly string[];
  /** Modules of Node that it may not use. */
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

/** Each room of src/ and what it may import. Any other edge is an error: change the design first, then this table. */
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

/** Rooms whose folders are independent: a filter never imports another filter. */
const separate = ['filters', 'bridges'];

/** Files that the command line imports as text: its version, and the configuration of `cardea demo`. */
const dataOfCli = /^(package\.json|examples\/[a-z-]+\.yaml)$/;

/** The one exception in http/: it uses no socket either, and takes only the table of reason phrases from node:http. */
const reasonPhrases = 'src/http/status.ts';

/** The schema of a filter or bridge: config/ imports it, so it may not import anything of how exchanges run. */
const configFile = /^src\/(filters|bridges)\/[^/]+\/config\.ts$/;

/** No room may use it, not even for health checks: HTTP/2 is our own on both sides. Node's client aborts the process on some responses. */
const bannedModule = 'node:http2';

/** Packages that only one filter needs. */
const packagesOf: Readonly<Record<string, readonly string[]>> = { 'src/filters/oidc': ['openid-client', 'jose'] };

/** The schema files, and the files beside them that they import: these follow the same rule. */
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

/** Every forbidden import, one line each, with file and line. */
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
  if (to === bannedModule) return 'speaks HTTP/2 by another than src/http/h2';
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
 * Import cycles as `a -> b -> a`; at least one of them if there is any. Type imports are left out: they do not exist at run time,
 * and within a room two types may well refer to each other (an exchange has a chain, whose filters see the exchange).
 * Between rooms, the table forbids cycles of types as well.
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
