// The files that `errorPages` name: where they are, what is in them, and what is wrong with them. named-files.ts reads them.

import path from 'node:path';
import { PageTemplate, pageVariables } from '../base/page-template.ts';
import { RouteSearch } from './checks/route-search.ts';
import type { Config, ErrorPageFile, ErrorPagesConfig, Problem, RouteConfig } from './config.ts';
import { suggestion } from './problems/nearest-name.ts';

type Path = Problem['path'];
type Pages = Pick<Config, 'errorPages' | 'routes'>;

/** What was read, by absolute path: the text of a file, or why it cannot be read. */
interface ReadFiles {
  readonly texts: ReadonlyMap<string, string | { readonly error: string }>;
}

const PAGE_BYTES_MAX = 64 * 1024;

/** Routes with absolute paths, by the route as checked: an unchanged route stays the same object over reloads. */
const placed = new WeakMap<RouteConfig, RouteConfig>();

/** The routes, with absolute paths to their pages. `folderOf` gives the folder of the document with a path. */
export function routesWithPages(
  routes: readonly RouteConfig[],
  folderOf: (path: Path) => string,
): readonly RouteConfig[] {
  const places = routesOfPages.placesIn(routes);
  if (places.length === 0) return routes;
  const all = [...routes];
  for (const at of places) {
    const route = routes[at]!;
    const absolute = absolutePages(ownPages(route)!, ['routes', at, 'errorPages'], folderOf);
    const known = placed.get(route);
    if (known !== undefined && samePages(known.errorPages, absolute)) all[at] = known;
    else {
      all[at] = { ...route, errorPages: absolute };
      placed.set(route, all[at]);
    }
  }
  return all;
}

const routesOfPages = new RouteSearch(route => ownPages(route) !== undefined);

function ownPages({ errorPages }: RouteConfig): ErrorPagesConfig | undefined {
  return typeof errorPages === 'object' ? errorPages : undefined;
}

function samePages(known: RouteConfig['errorPages'], pages: ErrorPagesConfig): boolean {
  return typeof known === 'object' && Object.entries(pages).every(([status, file]) => known[status] === file);
}

/** The same pages with absolute paths. Several files of one configuration may each give some of the pages. */
export function absolutePages(pages: ErrorPagesConfig, at: Path, folderOf: (path: Path) => string): ErrorPagesConfig {
  const entries = Object.entries(pages).map(([status, file]) => [
    status,
    path.resolve(folderOf([...at, status]), file),
  ]);
  return Object.fromEntries(entries);
}

/** Every file once, with the first place that names it. */
export function pageFilesOf({ errorPages, routes }: Pages): ReadonlyMap<string, Path> {
  const files = new Map<string, Path>();
  const take = (pages: ErrorPagesConfig, at: Path) => {
    for (const [status, file] of Object.entries(pages)) if (!files.has(file)) files.set(file, [...at, status]);
  };
  if (errorPages !== undefined) take(errorPages, ['errorPages']);
  for (const at of routesOfPages.placesIn(routes)) take(ownPages(routes[at]!)!, ['routes', at, 'errorPages']);
  return files;
}

/** The content of the files that could be read, for `Config.errorPageFiles`. */
export function readPages(pages: Pages, { texts }: ReadFiles): Pick<Config, 'errorPageFiles'> {
  const files = [...pageFilesOf(pages).keys()].flatMap((name): ErrorPageFile[] => {
    const text = texts.get(name);
    return typeof text === 'string' ? [{ name, text }] : [];
  });
  return files.length === 0 ? {} : { errorPageFiles: files };
}

/** Everything that is wrong with the files. */
export function pageProblems(pages: Pages, { texts }: ReadFiles): Problem[] {
  return [...pageFilesOf(pages)].flatMap(([file, at]) => {
    const text = texts.get(file) ?? '';
    const messages = typeof text === 'string' ? wrongIn(text).map(message => `${file} ${message}`) : [text.error];
    return messages.map((message): Problem => ({ path: at, message, severity: 'error' }));
  });
}

function wrongIn(text: string): string[] {
  if (text.trim() === '') return ['is empty'];
  if (text.includes('\ufffd')) return ['is not UTF-8: save it as UTF-8'];
  if (Buffer.byteLength(text) > PAGE_BYTES_MAX) return ['is larger than 64 KiB, which is too much for every refusal'];
  return new PageTemplate(text).unknown.map(({ name, offset }) => {
    const line = text.slice(0, offset).split('\n').length;
    const known =
      suggestion(name, pageVariables) || `; there are ${pageVariables.map(each => `\${${each}}`).join(', ')}`;
    const literal = `write $\${${name}} where the text itself is meant`;
    return `line ${line}: nothing is known as \${${name}} (${literal})${known}`;
  });
}
