// What remains of a document with errors when the faulty elements are left out. Compiling it shows further errors, so that all are
// reported at once. It never serves requests.

import { type CheckedParts, type ConfigParts, checkDocument } from './checks/check-document.ts';
import { upstreamsOf } from './checks/route-upstreams.ts';
import { storesOfFilter, storesOfRoute } from './checks/store-references.ts';
import type { Config, Problem, RouteConfig } from './config.ts';
import type { Language } from './language.ts';
import type { FilterSchema, StoreReference } from './schemas/filter-schema.ts';
import { withAbsoluteFiles } from './schemas/tls-file.ts';

export interface PartialConfig {
  readonly config: Config;
  /** Translates a problem with this configuration into one with the document, by giving it the path in the document. */
  inDocument(problem: Problem): Problem;
}

/**
 * `problems` are those of the document: a route that has an error is left out. So is a filter of the global chain that could not be
 * checked or names a missing store. `folderOf` returns the folder of the file that a path of the document comes from.
 */
export function partialConfig(
  parts: CheckedParts,
  problems: readonly Problem[],
  language: Language,
  folderOf: (path: Problem['path']) => string,
  filterSchemas: readonly FilterSchema[],
): PartialConfig {
  // Because: an empty document has no error but the missing listener, so that every part is there.
  const defaults = checkDocument({}, language, new Map()).parts as ConfigParts;
  const upstreams = present(parts.upstreams);
  const names = new Set(upstreams.map(({ name }) => name));
  const stores = present(parts.stores);
  const storeNames = new Set(stores.map(({ name }) => name));
  const byName = new Map(filterSchemas.map(schema => [schema.name, schema]));
  const areStores = (named: readonly StoreReference[]) => named.every(({ name }) => storeNames.has(name));
  const wrongRoutes = wrongElements(problems, 'routes');
  const isGood = (route: RouteConfig, at: number) =>
    !wrongRoutes.has(at) &&
    upstreamsOf(route).every(name => names.has(name)) &&
    areStores(storesOfRoute(route, byName));
  const routes = placed(parts.routes).filter(({ value, at }) => isGood(value, at));
  const filters = placed(parts.filters).filter(({ value }) => areStores(storesOfFilter(value, byName)));
  const listeners = placed(parts.listeners);
  const places: Readonly<Record<string, readonly { readonly at: number }[]>> = { routes, filters, listeners };
  const pathInDocument = (path: Problem['path']): Problem['path'] => {
    const [key, step, ...rest] = path;
    const at = places[String(key)]?.[Number(step)]?.at;
    return key === undefined || at === undefined ? path : [key, at, ...rest];
  };
  const config: Config = {
    version: '',
    listeners: listeners.map(({ value }) => value),
    admin: parts.admin ?? defaults.admin,
    accessLog: parts.accessLog ?? defaults.accessLog,
    drainTimeoutMs: parts.drainTimeoutMs ?? defaults.drainTimeoutMs,
    limits: parts.limits ?? defaults.limits,
    paths: parts.paths ?? defaults.paths,
    metrics: parts.metrics ?? defaults.metrics,
    shedding: parts.shedding ?? defaults.shedding,
    errorPages: parts.errorPages,
    zone: parts.zone ?? defaults.zone,
    upstreams,
    stores,
    consumers: present(parts.consumers),
    plans: present(parts.plans),
    chains: present(parts.chains),
    filters: filters.map(({ value }) => value),
    routes: routes.map(({ value }) => value),
  };
  return {
    config: withAbsoluteFiles(config, path => folderOf(pathInDocument(path))),
    inDocument: problem => ({ ...problem, path: pathInDocument(problem.path) }),
  };
}

function present<Value>(list: readonly (Value | undefined)[]): Value[] {
  return list.filter(value => value !== undefined);
}

/** The elements without an error, with their indexes in the document. */
function placed<Value>(list: readonly (Value | undefined)[]): { readonly value: Value; readonly at: number }[] {
  return list.flatMap((value, at) => (value === undefined ? [] : [{ value, at }]));
}

function wrongElements(problems: readonly Problem[], key: string): Set<number> {
  const errors = problems.filter(({ path, severity }) => path[0] === key && severity === 'error');
  return new Set(errors.map(({ path }) => Number(path[1])));
}
