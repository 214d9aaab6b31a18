// The contract between the pipeline and a filter. What filters do is in src/filters; how they run is in chain.ts.

import type { CredentialPlace } from '../base/schema/credential-places.ts';
import type { Store } from '../store/store.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import type { Exchange } from './exchange.ts';
import type { RefusalTally } from './refusal-tally.ts';
import type { FilterNeeds, NeedsContext, WorkerServices } from './worker-services.ts';

/**
 * A filter as built for one route (or for the global chain): immutable configuration with hooks over it.
 * State of one exchange goes into `exchange.state[services.slot]`.
 *
 * A hook returns nothing, or a promise only when it truly waits. A filter refuses a request or responds early with
 * `exchange.reply(...)`; the filters after it are then skipped and the response passes back through `onResponse` of
 * those that were entered already, in reverse order, the replying one included.
 * What a hook throws becomes `filter_failed` (500) and a log line.
 */
export interface Filter {
  /** The request's head is complete; nothing was sent upstream. May change `exchange.request`. */
  onRequest?(exchange: Exchange): void | Promise<void>;
  /**
   * A piece of the request's body, in order; called with an empty last piece when the end comes alone.
   * Returns what to send instead (an empty Buffer sends nothing now), or nothing to send it as it is.
   * The bytes are the filter's to keep.
   */
  onRequestBody?(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void | Promise<Buffer | void>;
  /** The head of the response, the upstream's or an early one, before anything of it is sent. May change `exchange.response`. */
  onResponse?(exchange: Exchange): void | Promise<void>;
  /** As `onRequestBody`, for the response. Called only if `onResponse` called `exchange.response.filterBody(slot)`. */
  onResponseBody?(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void | Promise<Buffer | void>;
  /** Whether the request is for the filter itself, as a login's callback is: no other identity filter may respond to it. */
  serves?(exchange: Exchange): boolean;
  /** Where it looks for its credential; for `withhold` of the others. */
  readonly credentialPlaces?: readonly CredentialPlace[];
  /**
   * Removes what it would have withheld from the upstream from a request that another filter admitted. What is at the places `of` that
   * one is that one's to keep or to take out.
   */
  withhold?(exchange: Exchange, of: readonly CredentialPlace[]): void;
  /** Always called once for a filter that was entered, however the exchange ends. Must not wait. */
  onEnd?(exchange: Exchange): void;
}

/** What a filter gets when it is built, beside its configuration. */
export interface FilterServices {
  /** Index of this filter's cell in `exchange.state`. */
  readonly slot: number;
  /** The route it is built for; empty for the global chain. */
  readonly routeName: string;
  readonly worker: WorkerServices;
  /**
   * This worker's object for an entry of `stores`: kept over reloads while its settings stay, opened before the configuration is put
   * to use, closed when no configuration has it. Throws a `TypeError` for an unknown name.
   */
  store(name: string): Store;
  /** The settings of a store, for the spec of a feed; nothing is opened. Throws a `TypeError` for an unknown name. */
  storeSpec(name: string): StoreSpec;
  /**
   * A filter inside this one's configuration, built with a cell of its own. Its hooks are this one's to call. It counts refusals in
   * `tally`; without one where this filter does.
   */
  inner(written: WrittenFilter, tally?: RefusalTally): Filter;
  /** Where refusals are to be counted; null counts them at once. */
  readonly tally: RefusalTally | null;
  /** Cell that counts this event of this kind of filter: `worker.cells[cell]++`. Only events that the definition lists. */
  eventCell(event: string): number;
  /**
   * How many filters of this chain have called this with `text` before: for one that keeps something elsewhere under a name from its settings,
   * so that another one beside it with the same settings does not use it up as well.
   */
  twins(text: string): number;
  /** First of the cells of a limit that `needs` named, by `LimitCell`: `worker.cells[cells + LimitCell.refused]++`. */
  limitCells(limit: string): number;
}

/** A filter as a checked configuration names it. */
export interface WrittenFilter {
  readonly name: string;
  readonly config: unknown;
}

/** A filter's entry in the catalogue. `Config` is what its schema gives. */
export interface FilterDefinition<Config> {
  /** As written in the configuration: `rateLimit`. */
  readonly name: string;
  /** What it counts, `cardea_filter_events_total{filter,event}`: a short fixed list, such as `admitted`, `refused`. */
  readonly events?: readonly string[];
  /**
   * Whether nobody passes it without credentials; for `cardea audit`. By default that is what every filter with `identityHeaders`
   * does: one that can be configured to admit unknown callers reports here when it does.
   */
  isGuard?(config: Config): boolean;
  /** The filters that its configuration holds, for those that call others. */
  inner?(config: Config): readonly WrittenFilter[];
  /** What it shares with other threads. Runs in the supervisor, for every place where the filter is configured. */
  needs?(config: Config, context: NeedsContext): FilterNeeds;
  /**
   * Fields of the request that only this filter may write, in any case, since the upstream trusts them. Removed from
   * every request on arrival, on all routes and before they are matched. An empty list still reserves `x-consumer-*`.
   */
  identityHeaders?(config: Config): readonly string[];
  /** Throws a `TypeError` with a message for the operator when the configuration cannot work. */
  build(config: Config, services: FilterServices): Filter;
}
