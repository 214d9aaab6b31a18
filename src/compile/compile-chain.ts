// From filters as written to the chain that runs. What a filter does with its configuration is the filter's business.

import { messageOf } from '../base/message-of.ts';
import type { FilterConfig } from '../config/config.ts';
import { buildChain, type Chain, FILTERS_MAX } from '../exchange/chain.ts';
import type { Filter, FilterDefinition, WrittenFilter } from '../exchange/filter.ts';
import type { RefusalTally } from '../exchange/refusal-tally.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import { eventLabel } from '../telemetry/event-label.ts';
import { limitLabel } from '../telemetry/limit-label.ts';
import { type BlockOffsets, OTHER_LIMIT_LABEL, offsetIn } from '../telemetry/metric-registry.ts';
import type { StoreShelf } from './compile-stores.ts';
import type { Report } from './report.ts';

/** The filters that may be built, by name. */
export type FilterDefinitions = ReadonlyMap<string, FilterDefinition<unknown>>;

/** What filters are built with. */
export interface FilterWorkshop {
  readonly definitions: FilterDefinitions;
  readonly worker: WorkerServices;
  /** Cells of the filters' events, by `eventLabel`. */
  readonly eventOffsets: BlockOffsets;
  /** Cells of limits, by `limitLabel`. */
  readonly limitOffsets: BlockOffsets;
}

/** As above, with the stores of one configuration. */
export interface StockedWorkshop extends FilterWorkshop {
  readonly shelf: StoreShelf;
}

/** Where a list of filters stands: in front of which slot it begins, and for which route; empty for all. */
interface ChainPlace {
  readonly firstSlot: number;
  readonly routeName: string;
}

/** Cells kept for filters inside global ones. Few, since the cells of a route's own come after them. */
const INNER_GLOBAL_MAX = 16;

/**
 * Builds each filter; what cannot be built is told and left out. A filter says so with a TypeError;
 * another error is a defect of the filter, told in the same way so that the running configuration stays.
 */
export function buildFilters(
  configs: readonly FilterConfig[],
  place: ChainPlace,
  { definitions, worker, eventOffsets, limitOffsets, shelf }: StockedWorkshop,
  report: Report,
): Filter[] {
  const filters: Filter[] = [];
  let innerSlot = firstInnerSlot(place);
  const said = new Map<string, number>();
  const build = ({ name, config }: WrittenFilter, slot: number, tally: RefusalTally | null): Filter => {
    const definition = definitions.get(name);
    if (definition === undefined) throw new TypeError(`there is no filter "${name}"`);
    return definition.build(config, {
      slot,
      routeName: place.routeName,
      worker,
      store: store => shelf.store(store),
      storeSpec: store => shelf.spec(store),
      tally,
      inner(written, ofInner = tally ?? undefined) {
        if (innerSlot === FILTERS_MAX + INNER_GLOBAL_MAX && place.routeName === '') {
          throw new TypeError(`at most ${INNER_GLOBAL_MAX} filters may stand inside global ones`);
        }
        return build(written, innerSlot++, ofInner ?? null);
      },
      eventCell: event => offsetIn(eventOffsets, eventLabel(name, event)),
      twins(text) {
        const before = said.get(text) ?? 0;
        said.set(text, before + 1);
        return before;
      },
      limitCells: limit =>
        limitOffsets.get(limitLabel(place.routeName, limit)) ?? offsetIn(limitOffsets, OTHER_LIMIT_LABEL),
    });
  };
  for (const [index, { name, config }] of configs.entries()) {
    if (!definitions.has(name)) {
      report.at(index).fail(`there is no filter "${name}"`);
      continue;
    }
    try {
      filters.push(build({ name, config }, place.firstSlot + index, null));
    } catch (error) {
      report.at(index, name).fail(messageOf(error));
    }
  }
  return filters;
}

/** Has these filters, and none of their hooks. */
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

/** Cells of filters inside others lie behind those of all filters of a chain: first the global ones', then the route's own. */
function firstInnerSlot({ routeName }: ChainPlace): number {
  return routeName === '' ? FILTERS_MAX : FILTERS_MAX + INNER_GLOBAL_MAX;
}

/** The global filters, then the route's own. Null, with a problem told, when there are too many. */
export function chainOf(filters: readonly Filter[], report: Report): Chain | null {
  try {
    return buildChain(filters);
  } catch (error) {
    return report.fail(messageOf(error));
  }
}
