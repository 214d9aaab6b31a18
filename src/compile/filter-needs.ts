// Collects what the filters and routes of a configuration need before a worker can build them: shared tables, feeds, metric cells.

import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config } from '../config/config.ts';
import { deferralEvents, deferralLabel } from '../exchange/deferred/deferral-events.ts';
import type { FilterNeeds, NeedsContext } from '../exchange/worker-services.ts';
import type { FeedNeed } from '../store/feed.ts';
import { feedKey } from '../store/feed.ts';
import { eventLabel } from '../telemetry/event-label.ts';
import { limitLabel } from '../telemetry/limit-label.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { deferralTables } from './compile-deferral.ts';
import { fallbackCacheTables } from './compile-fallback-cache.ts';
import { eachFilter } from './each-filter.ts';
import { specOf } from './store-specs.ts';

export interface CollectedNeeds extends Required<FilterNeeds> {
  /** Names of the filters that the configuration uses. */
  readonly filters: readonly string[];
  /** Labels of metric blocks of the kind `event`. */
  readonly events: readonly string[];
  /** Labels of metric blocks of the kind `limit`. */
  readonly limits: readonly string[];
}

/** Collects the needs of a configuration, each feed and event once. A filter whose `needs` throws is skipped: it fails again when built. */
export function collectNeeds(config: Config, definitions: FilterDefinitions): CollectedNeeds {
  const tables: { name: string; bytes: number }[] = [];
  const feeds = new Map<string, FeedNeed>();
  const filters = new Set<string>();
  const events = new Set<string>();
  const limits = new Set<string>();
  const context: NeedsContext = { store: name => specOf(config.stores, name) };
  eachFilter(config, definitions, (filter, definition, routeName) => {
    filters.add(filter.name);
    for (const event of definition.events ?? []) events.add(eventLabel(filter.name, event));
    if (definition.needs === undefined) return;
    const needs = needsOf(() => definition.needs?.(filter.config, context));
    tables.push(...(needs.tables ?? []));
    for (const limit of needs.limits ?? []) limits.add(limitLabel(routeName, limit));
    for (const feed of needs.feeds ?? []) feeds.set(feedKey(feed), feed);
  });
  const routes = nonBareRoutes(config.routes);
  if (routes.some(route => route.async !== undefined)) {
    for (const event of deferralEvents) events.add(deferralLabel(event));
  }
  tables.push(...deferralTables(routes), ...fallbackCacheTables(routes));
  return { filters: [...filters], tables, feeds: [...feeds.values()], events: [...events], limits: [...limits] };
}

function needsOf(ask: () => FilterNeeds | undefined): FilterNeeds {
  try {
    return ask() ?? {};
  } catch {
    return {};
  }
}
