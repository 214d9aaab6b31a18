// The contract between the pipeline and a filter. What filters do is in src/filters; how they run is in chain.ts.

import type { CredentialPlace } from '../base/schema/credential-places.ts';
import type { Store } from '../store/store.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import type { Exchange } from './exchange.ts';
import type { Consumer } from './identity/consumer.ts';
import type { RefusalTally } from './identity/refusal-tally.ts';
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
   * A piece of the request's body, in order. The end comes as a last piece, which is empty unless a filter before has added to it. Returns
   * what to send instead (an empty Buffer sends nothing now), or nothing to send the piece as it is. The bytes are the filter's to keep.
   */
  onRequestBody?(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void | Promise<Buffer | void>;
  /**
   * The head of the response, the upstream's or an early one, before anything of it is sent. May change `exchange.response`. Called again
   * for the refusal that replaces a response of the upstream which was broken off before any of it was sent, but not while it still waits.
   */
  onResponse?(exchange: Exchange): void | Promise<void>;
  /** As `onRequestBody`, for the response. Called only if `onResponse` called `exchange.response.filterBody(slot)`. */
  onResponseBody?(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void | Promise<Buffer | void>;
  /** Whether the filter itself answers this request, as a login answers its callback: no other identity filter may answer it then. */
  serves?(exchange: Exchange): boolean;
  /** The places in which the filter looks for its credential; other filters get them as `of` in `withhold`. */
  readonly credentialPlaces?: readonly CredentialPlace[];
  /**
   * Called when another filter admitted the request: removes what this filter would have withheld from the upstream. Leaves the places
   * `of`, about which the admitting filter decides.
   */
  withhold?(exchange: Exchange, of: readonly CredentialPlace[]): void;
  /** Only of identity filters whose credential may be `optional`. */
  readonly strangers?: StrangerDesk;
  /**
   * For how many milliseconds the filter gives the response of this exchange again, to repetitions of its request; 0 when it does not. If
   * the request is deferred, that response is a 202, and what it leads to is kept for at least as long.
   */
  givesAgainForMs?(exchange: Exchange): number;
  /** Called exactly once for a filter that was entered, however the exchange ends. Must not wait. */
  onEnd?(exchange: Exchange): void;
}

/** What an identity filter has for callers who show no credential. */
export interface StrangerDesk {
  /** Whether they may pass. Inside another filter they are refused all the same: the outer filter knows whether another one recognises them. */
  readonly isOptional: boolean;
  /** The `WWW-Authenticate` fields that say which credential would identify them. */
  readonly challenges: readonly (readonly [string, string])[];
  /** Lets such a caller pass, as the consumer that is configured for them, unless an earlier filter has identified the caller. */
  letPass(exchange: Exchange): void;
}

/** What a filter gets when it is built, besides its configuration. */
export interface FilterServices {
  /** Index of this filter's cell in `exchange.state`. */
  readonly slot: number;
  /** The route for which the filter is built; empty for the global chain. */
  readonly routeName: string;
  readonly worker: WorkerServices;
  /**
   * This worker's object for an entry of `stores`. It is kept over reloads while its settings stay the same, opened before the
   * configuration takes effect, and closed when no configuration uses it. Throws a `TypeError` for an unknown name.
   */
  store(name: string): Store;
  /** The settings of a store, for use in the spec of a feed; opens nothing. Throws a `TypeError` for an unknown name. */
  storeSpec(name: string): StoreSpec;
  /**
   * Builds a filter from this one's configuration, with a state cell of its own. The outer filter calls its hooks. The inner filter counts
   * refusals in `tally`; without `tally`, where the outer filter counts its own.
   */
  inner(written: WrittenFilter, tally?: RefusalTally): Filter;
  /** Whether the filter stands inside another one. */
  readonly isInner: boolean;
  /** Where the filter records refusals that may turn out not to count; null when it counts them at once. */
  readonly tally: RefusalTally | null;
  /** Index of the cell that counts this event for this kind of filter: `worker.cells[cell]++`. The definition must list the event. */
  eventCell(event: string): number;
  /**
   * How many filters of this chain have called this with the same `text` before. A filter that keeps something elsewhere under a name made
   * from its settings adds this number to the name: otherwise two filters with the same settings would use up the same entry.
   */
  countEarlierUses(text: string): number;
  /**
   * First cell of a limit that `needs` named; the others follow in the order of `LimitCell`: `worker.cells[cells + LimitCell.refused]++`.
   */
  limitCells(limit: string): number;
}

/** A filter as it stands in a checked configuration: its name and its settings. */
export interface WrittenFilter {
  readonly name: string;
  readonly config: unknown;
}

/** A filter's entry in the catalogue. `Config` is the output of its schema. */
export interface FilterDefinition<Config> {
  /** As written in the configuration: `rateLimit`. */
  readonly name: string;
  /** The events it counts in `cardea_filter_events_total{filter,event}`: a short fixed list, such as `admitted`, `refused`. */
  readonly events?: readonly string[];
  /**
   * Whether the filter lets nobody pass without credentials; used by `cardea audit`. Without this method, a filter with `identityHeaders`
   * is a guard: a filter that can be configured to admit unknown callers must return false for such a configuration. One whose credential is
   * `optional` is never asked. `stranger` is the consumer that callers without a credential are there; null for none.
   */
  isGuard?(config: Config, stranger: Consumer | null): boolean;
  /** The filters inside its configuration, for filters that run others. */
  inner?(config: Config): readonly WrittenFilter[];
  /** What the filter shares with other threads. Called in the supervisor, for every place where the filter is configured. */
  needs?(config: Config, context: NeedsContext): FilterNeeds;
  /**
   * Request headers that only this filter may write, because the upstream trusts them; names in any case. They are removed from every
   * request on arrival, on all routes and before routes are matched, and again when a later filter identifies the caller. An empty list
   * still reserves `x-consumer-*`.
   */
  identityHeaders?(config: Config): readonly string[];
  /** Further headers that only this filter may write, which stay when a later filter identifies the caller. */
  copiedHeaders?(config: Config): readonly string[];
  /** Throws a `TypeError` with a message for the operator when the configuration cannot work. */
  build(config: Config, services: FilterServices): Filter;
}
