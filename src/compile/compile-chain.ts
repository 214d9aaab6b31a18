// Builds the chain of a route from filters as written. How a filter uses its configuration is up to the filter.

import { messageOf } from '../base/message-of.ts';
import type { FilterConfig } from '../config/config.ts';
import { buildChain, type Chain, FILTERS_MAX } from '../exchange/chain.ts';
import type { Filter, FilterDefinition, WrittenFilter } from '../exchange/filter.ts';
import type { RefusalTally } from '../exchange/identity/refusal-tally.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import { eventLabel } from '../telemetry/event-label.ts';
import { limitLabel } from '../telemetry/limit-label.ts';
import { type BlockOffsets, OTHER_LIMIT_LABEL, offsetIn } from '../telemetry/metric-registry.ts';
import type { StoreShelf } from './compile-stores.ts';
import type { Report } from './report.ts';

/** The filters that can be built, by name. */
export type FilterDefinitions = ReadonlyMap<string, FilterDefinition<unknown>>;

/** What is needed to build filters. */
export interface FilterWorkshop {
  readonly definitions: FilterDefinitions;
  readonly worker: WorkerServices;
  /** Offsets of the metric cells of filters' events, by `eventLabel`. */
  readonly eventMetricOffsets: BlockOffsets;
  /** Offsets of the metric cells of limits, by `limitLabel`. */
  readonly limitMetricOffsets: BlockOffsets;
}

/** A `FilterWorkshop` with the stores of one configuration. */
export interface StockedWorkshop extends FilterWorkshop {
  readonly shelf: StoreShelf;
}

/** Where a list of filters stands: the slot of its first filter, and the name of its route; empty for the global filters. */
interface ChainPlace {
  readonly firstSlot: number;
  readonly routeName: string;
}

/** Slots reserved for filters inside global filters. Few, since the slots of filters inside a route's own come after them. */
const INNER_GLOBAL_MAX = 16;

/**
 * Builds each filter. One that cannot be built is reported and left out. A filter throws a TypeError for a wrong configuration;
 * any other error is a defect of the filter, reported in the same way so that the running configuration stays.
 */
export function buildFilters(
  configs: readonly FilterConfig[],
  place: ChainPlace,
  { definitions, worker, eventMetricOffsets, limitMetricOffsets, shelf }: StockedWorkshop,
  report: Report,
): Filter[] {
  const filters: Filter[] = [];
  let innerSlot = firstInnerSlot(place);
  const said = new Map<string, number>();
  const build = (
    { name, config }: WrittenFilter,
    slot: number,
    tally: RefusalTally | null,
    isInner: boolean,
  ): Filter => {
    const definition = definitions.get(name);
    if (definition === undefined) throw new TypeError(`there is no filter "${name}"`);
    return definition.build(config, {
      slot,
      routeName: place.routeName,
      worker,
      store: store => shelf.use(store),
      storeSpec: store => shelf.spec(store),
      tally,
      isInner,
      inner(written, ofInner = tally ?? undefined) {
        if (innerSlot === FILTERS_MAX + INNER_GLOBAL_MAX && place.routeName === '') {
          throw new TypeError(`at most ${INNER_GLOBAL_MAX} filters may stand inside global ones`);
        }
        return build(written, innerSlot++, ofInner ?? null, true);
      },
      eventCell: event => offsetIn(eventMetricOffsets, eventLabel(name, event)),
      countEarlierUses(text) {
        const before = said.get(text) ?? 0;
        said.set(text, before + 1);
        return before;
      },
      limitCells: limit =>
        limitMetricOffsets.get(limitLabel(place.routeName, limit)) ?? offsetIn(limitMetricOffsets, OTHER_LIMIT_LABEL),
    });
  };
  for (const [index, { name, config }] of configs.entries()) {
    if (!definitions.has(name)) {
      report.at(index).fail(`there is no filter "${name}"`);
      continue;
    }
    try {
      filters.push(build({ name, config }, place.firstSlot + index, null, false));
    } catch (error) {
      report.at(index, name).fail(messageOf(error));
    }
  }
  return filters;
}

/** A chain with these filters that runs none of their hooks. */
export function silentChain(filters: Chain['filters']): Chain {
  return {
    filters,
    onRequest: [],
    requestPlaces: [],
    hasRequestBody: false,
    onResponse: [],
    responsePlaces: [],
    hasEnd: false,
  };
}

/** Slots of filters inside others come after the slots of the chain: first for global filters, then for the route's own. */
function firstInnerSlot({ routeName }: ChainPlace): number {
  return routeName === '' ? FILTERS_MAX : FILTERS_MAX + INNER_GLOBAL_MAX;
}

/** Makes a chain. `filters` are the global filters, then the route's own. Null, with a problem reported, when there are too many. */
export function chainOf(filters: readonly Filter[], report: Report): Chain | null {
  try {
    return buildChain(filters);
  } catch (error) {
    return report.fail(messageOf(error));
  }
}
