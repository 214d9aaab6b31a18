// Decides about all canaries of the process: reads the counts of all workers, publishes each share to the workers, and logs every decision.
// The rules of the decision are in src/upstream/canary.

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { canaryKey } from '../compile/compile-canary.ts';
import { specOf } from '../compile/store-specs.ts';
import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config, RouteConfig } from '../config/config.ts';
import type { CanaryConfig } from '../config/rollout-config.ts';
import { SHARE_ROLLED_BACK, SHARE_WHOLE } from '../exchange/canary-choice.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import { CanaryCell, clearCanaryGauges } from '../telemetry/canary-cells.ts';
import { type MetricRegistry, OTHER_LABEL } from '../telemetry/metric-registry.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import { CanaryAgreement } from '../upstream/canary/canary-agreement.ts';
import { type CanaryPhase, type Decision, type Look, shareOf, takesChosen } from '../upstream/canary/canary-state.ts';
import { decisionReport } from '../upstream/canary/decision-report.ts';
import { readCounts } from '../upstream/canary/version-counts.ts';
import type { SharedStates } from '../upstream/state/shared-states.ts';
import { StateCell } from '../upstream/state/state-cells.ts';
import { CanaryKeeper, type KeptEntry } from './canary-keeper.ts';
import { type CanaryReport, canaryReport } from './canary-report.ts';

const EVALUATE_EVERY_MS = 100;
/** How long a start waits for stores to return the state of canaries. While the state is unknown, no request gets the canary. */
const KNOWN_WAIT_MS = 2_000;

interface Entry {
  readonly key: string;
  readonly route: string;
  readonly spec: CanaryConfig;
  /** Offset of the canary's block in the metric slabs. */
  readonly at: number;
  readonly agreement: CanaryAgreement;
  readonly keeper: CanaryKeeper | null;
  readonly kept: KeptEntry;
}

const stateNumbers: Readonly<Record<CanaryPhase | 'unknown', number>> = {
  baseline: 0,
  step: 1,
  promoted: 2,
  rolledBack: 3,
  unknown: 4,
};

const messages: Readonly<Record<Decision['kind'], string>> = {
  started: 'canary started',
  step: 'canary proceeds to its next step',
  promoted: 'canary promoted',
  rolledBack: 'canary rolled back',
};

export class CanaryDesk {
  private readonly states: SharedStates;
  private readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  private readonly now: () => number;
  private entries = new Map<string, Entry>();
  /** Canaries of a configuration that is prepared but does not serve yet. */
  private early = new Map<string, Entry>();
  private readonly keepers = new Set<CanaryKeeper>();
  private registry: MetricRegistry | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(states: SharedStates, log: CanaryDesk['log'], now: () => number = () => performance.now()) {
    this.states = states;
    this.log = log;
    this.now = now;
  }

  /**
   * Reads the stored state of the canaries of a configuration that is about to serve; while the state is unknown, no request gets the
   * canary. Starts no canary, because the configuration may never serve. Resolves when all states are known, or after KNOWN_WAIT_MS.
   */
  async prepare({ routes, stores }: Config, registry: MetricRegistry): Promise<void> {
    this.registry = registry;
    this.early = new Map();
    for (const route of nonBareRoutes(routes)) {
      if (route.canary?.store === undefined) continue;
      const key = canaryKey(route);
      if (this.entries.has(key)) continue;
      const entry = this.make(key, route, route.canary, stores, registry);
      if (entry === null) continue;
      this.early.set(key, entry);
      this.publish(entry);
    }
    const keepers = new Set([...this.early.values()].flatMap(({ keeper }) => (keeper === null ? [] : [keeper])));
    if (keepers.size === 0) return;
    const known = new AbortController();
    const tooLong = delay(KNOWN_WAIT_MS, undefined, { signal: known.signal }).catch(() => {});
    await Promise.race([Promise.all([...keepers].map(keeper => keeper.sync(false))), tooLong]);
    known.abort();
  }

  /**
   * Takes the canaries of the configuration that now serves. An unchanged canary continues from its state; a changed one starts anew, or
   * from the state in its store.
   */
  useConfig({ routes, stores }: Pick<Config, 'routes' | 'stores'>, registry: MetricRegistry): void {
    this.registry = registry;
    const before = this.entries;
    const { early } = this;
    this.entries = new Map();
    this.early = new Map();
    // A canary that is no longer configured would otherwise be shown as rolled back, say, for ever. The others are published below.
    for (const { at } of before.values()) clearCanaryGauges(registry.own.cells, at);
    for (const route of nonBareRoutes(routes)) {
      if (route.canary === undefined) continue;
      const key = canaryKey(route);
      const known = before.get(key);
      const entry =
        known !== undefined && isKeptAt(known, stores)
          ? known
          : (early.get(key) ?? this.make(key, route, route.canary, stores, registry, known?.agreement));
      if (entry === null) continue;
      this.entries.set(key, entry);
      if (entry.keeper === null && entry.agreement.state === null) this.begin(entry);
      this.publish(entry);
    }
    this.closeUnusedKeepers();
    for (const keeper of this.keepers) void keeper.sync(true);
    if (this.entries.size === 0) this.stopEvaluating();
    else this.timer ??= setInterval(() => this.evaluate(), EVALUATE_EVERY_MS).unref();
  }

  /** To be called when the configuration given to `prepare` will not serve: closes the stores that only its canaries use. */
  discardPrepared(): void {
    this.early = new Map();
    this.closeUnusedKeepers();
  }

  /** Names of the shared state cells that the canaries use. */
  get keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  stop(): void {
    this.stopEvaluating();
    for (const keeper of this.keepers) this.closeKeeper(keeper);
  }

  /** Reports by the name of the route. */
  get reports(): ReadonlyMap<string, CanaryReport> {
    const reports = new Map<string, CanaryReport>();
    for (const entry of this.entries.values())
      reports.set(entry.route, canaryReport(entry.spec, entry.agreement, this.countsOf(entry.at)));
    return reports;
  }

  /** Evaluates all canaries; done periodically. */
  evaluate(): void {
    for (const entry of this.entries.values()) {
      const decision = entry.agreement.look(this.countsOf(entry.at));
      if (decision !== null) this.changed(entry, decision);
      const { keeper } = entry;
      if (keeper === null) this.agree(entry);
      else if (entry.agreement.hasPendingWrite) void keeper.sync(true);
    }
  }

  private make(
    key: string,
    { name: route }: RouteConfig,
    spec: CanaryConfig,
    stores: Config['stores'],
    registry: MetricRegistry,
    known?: CanaryAgreement,
  ): Entry | null {
    const at = registry.block('canary', route);
    if (at === registry.block('canary', OTHER_LABEL)) {
      this.log('error', 'too many canaries: this one gets no requests', { route });
      return null;
    }
    const agreement = known ?? new CanaryAgreement(spec);
    // Forgets which stored record was last read or written: this store is read anew, or gets the state if it has none.
    agreement.writeRefused();
    const keeper = spec.store === undefined ? null : this.keeperOf(specOf(stores, spec.store));
    const kept: KeptEntry = {
      record: `canary:${createHash('sha256').update(key).digest('hex').slice(0, 32)}`,
      agreement,
      counts: () => this.countsOf(at),
      changed: decision => this.changed(entry, decision),
    };
    const entry: Entry = { key, route, spec, at, agreement, keeper, kept };
    return entry;
  }

  private begin(entry: Entry): void {
    entry.agreement.foundNoRecord(this.countsOf(entry.at));
    this.agree(entry);
  }

  /** Adopts what the canary wishes for at once: without a store, no other gateway has a say. */
  private agree(entry: Entry): void {
    const write = entry.agreement.toWrite(0);
    if (write === null) return;
    const decision = entry.agreement.written(write);
    if (decision !== null) this.changed(entry, decision);
  }

  private keeperOf(spec: StoreSpec): CanaryKeeper {
    for (const keeper of this.keepers) if (keeper.isOf(spec)) return keeper;
    const mine = (serving: boolean): readonly KeptEntry[] =>
      [...(serving ? this.entries : this.early).values()]
        .filter(entry => entry.keeper === keeper)
        .map(({ kept }) => kept);
    const keeper = new CanaryKeeper(spec, mine, this.log);
    this.keepers.add(keeper);
    return keeper;
  }

  private closeUnusedKeepers(): void {
    const used = new Set([...this.entries.values()].map(({ keeper }) => keeper));
    for (const keeper of this.keepers) if (!used.has(keeper)) this.closeKeeper(keeper);
  }

  private closeKeeper(keeper: CanaryKeeper): void {
    this.keepers.delete(keeper);
    void keeper.close();
  }

  private stopEvaluating(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private changed(entry: Entry, decision: Decision | null): void {
    // Because: a store may answer when the canary is no longer configured.
    if (this.entries.get(entry.key) !== entry && this.early.get(entry.key) !== entry) return;
    this.publish(entry);
    if (decision !== null) this.logDecision(entry, decision);
    else this.logTakenOver(entry);
  }

  private countsOf(at: number): Look {
    const slabs = this.registry!.allCells();
    return {
      nowMs: this.now(),
      stable: readCounts(slabs, at + CanaryCell.stable),
      canary: readCounts(slabs, at + CanaryCell.canary),
    };
  }

  private publish(entry: Entry): void {
    const {
      key,
      spec,
      at,
      agreement: { state },
    } = entry;
    const { words, at: block } = this.states.claim(key, this.now());
    const share = state === null ? 0 : shareOf(state, spec);
    const shareWord = state !== null && takesChosen(state) ? Math.round(share * SHARE_WHOLE) : SHARE_ROLLED_BACK;
    Atomics.store(words, block + StateCell.canaryShare, shareWord);
    // The gauges show the canary that serves, not one that is only prepared.
    if (this.entries.get(key) !== entry) return;
    const { cells } = this.registry!.own;
    cells[at + CanaryCell.share] = share;
    cells[at + CanaryCell.state] = stateNumbers[state?.phase ?? 'unknown'];
  }

  private logDecision({ at, route, spec }: Entry, decision: Decision): void {
    const { cells } = this.registry!.own;
    if (decision.kind === 'step') cells[at + CanaryCell.steps]!++;
    else if (decision.kind === 'promoted') cells[at + CanaryCell.promotions]!++;
    else if (decision.kind === 'rolledBack') cells[at + CanaryCell.rollbacks]!++;
    const { canaryRequests, canaryErrorRate, canaryP99Ms, stableErrorRate, stableP99Ms } = decisionReport(decision);
    this.log(decision.kind === 'rolledBack' ? 'warn' : 'info', messages[decision.kind], {
      route,
      upstream: spec.upstream,
      share: decision.share,
      ...(decision.reason !== '' && { reason: decision.reason }),
      ...(decision.kind !== 'started' && { canaryRequests, canaryErrorRate, canaryP99Ms }),
      ...(stableErrorRate !== null && { stableErrorRate, stableP99Ms: stableP99Ms ?? -1 }),
    });
  }

  private logTakenOver({ route, spec, agreement: { state } }: Entry): void {
    if (state === null) return;
    this.log(state.phase === 'rolledBack' ? 'warn' : 'info', 'canary continues from its stored state', {
      route,
      upstream: spec.upstream,
      phase: state.phase,
      share: shareOf(state, spec),
    });
  }
}

/** Whether the store that keeps this canary is still the one that the configuration names. */
function isKeptAt({ keeper, spec }: Entry, stores: Config['stores']): boolean {
  return keeper === null || spec.store === undefined || keeper.isOf(specOf(stores, spec.store));
}
