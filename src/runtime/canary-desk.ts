// Decides for all canaries of the process: looks at the counts of all workers, publishes shares to them, tells every decision. The
// rules of the decision are in src/upstream/canary.

import { canaryKey } from '../compile/compile-canary.ts';
import type { RouteConfig } from '../config/config.ts';
import type { CanaryConfig } from '../config/rollout-config.ts';
import { SHARE_ROLLED_BACK, SHARE_WHOLE } from '../exchange/canary-choice.ts';
import { CanaryCell } from '../telemetry/canary-cells.ts';
import { type MetricRegistry, OTHER_LABEL } from '../telemetry/metric-registry.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import {
  type CanaryPhase,
  type CanaryState,
  type Decision,
  type Look,
  nextCanary,
  shareOf,
  startCanary,
  takesChosen,
} from '../upstream/canary/canary-state.ts';
import { countsSince, errorRate, p99Ms, readCounts } from '../upstream/canary/version-counts.ts';
import type { SharedStates } from '../upstream/state/shared-states.ts';
import { StateCell } from '../upstream/state/state-cells.ts';

const LOOK_EVERY_MS = 100;
const DECISIONS_KEPT = 20;

/** What `/routes` shows of a canary. */
export interface CanaryReport {
  readonly upstream: string;
  readonly phase: CanaryPhase;
  /** `2 of 4`. */
  readonly step: string;
  readonly share: number;
  readonly since: string;
  readonly stable: { readonly requests: number; readonly errorRate: number; readonly p99Ms: number | null };
  readonly canary: { readonly requests: number; readonly errorRate: number; readonly p99Ms: number | null };
  readonly decisions: readonly ToldDecision[];
}

interface ToldDecision extends Omit<Decision, 'stable'> {
  readonly at: string;
  readonly stableErrorRate: number | null;
  readonly stableP99Ms: number | null;
}

interface Entry {
  readonly key: string;
  readonly route: string;
  readonly spec: CanaryConfig;
  /** Of its block in the slabs. */
  readonly at: number;
  state: CanaryState;
  readonly decisions: ToldDecision[];
}

const stateNumbers: Readonly<Record<CanaryPhase, number>> = { baseline: 0, step: 1, promoted: 2, rolledBack: 3 };

const messages: Readonly<Record<Decision['kind'], string>> = {
  started: 'canary started',
  step: 'canary goes on to its next step',
  promoted: 'canary promoted',
  rolledBack: 'canary rolled back',
};

export class CanaryDesk {
  private readonly states: SharedStates;
  private readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  private readonly now: () => number;
  private entries = new Map<string, Entry>();
  private registry: MetricRegistry | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(states: SharedStates, log: CanaryDesk['log'], now: () => number = () => performance.now()) {
    this.states = states;
    this.log = log;
    this.now = now;
  }

  /** These are the canaries from now on. One that did not change stays where it is; another definition begins anew. */
  follow(routes: readonly RouteConfig[], registry: MetricRegistry): void {
    this.registry = registry;
    const before = this.entries;
    this.entries = new Map();
    for (const route of routes) {
      if (route.canary === undefined) continue;
      const key = canaryKey(route);
      const entry = before.get(key) ?? this.begin(key, route.name, route.canary, registry);
      if (entry === null) continue;
      this.entries.set(key, entry);
      this.publish(entry);
    }
    if (this.entries.size === 0) this.stop();
    else this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Names of the cells of shared memory that are in use. */
  get keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** By the route's name. */
  get reports(): ReadonlyMap<string, CanaryReport> {
    const reports = new Map<string, CanaryReport>();
    for (const entry of this.entries.values()) reports.set(entry.route, this.report(entry));
    return reports;
  }

  /** One look at all of them. */
  look(): void {
    for (const entry of this.entries.values()) {
      const { state, decision } = nextCanary(entry.state, entry.spec, this.countsOf(entry.at));
      entry.state = state;
      if (decision === null) continue;
      this.publish(entry);
      this.tell(entry, decision);
    }
  }

  private begin(key: string, route: string, spec: CanaryConfig, registry: MetricRegistry): Entry | null {
    const at = registry.block('canary', route);
    if (at === registry.block('canary', OTHER_LABEL)) {
      this.log('error', 'too many canaries: this one gets no requests', { route });
      return null;
    }
    const state = startCanary(spec, this.countsOf(at));
    const entry: Entry = { key, route, spec, at, state, decisions: [] };
    const none = { reason: '', canaryRequests: 0, canaryErrorRate: 0, canaryP99Ms: 0, stable: null } as const;
    this.tell(entry, { kind: 'started', share: shareOf(state, spec), ...none });
    return entry;
  }

  private countsOf(at: number): Look {
    const slabs = this.registry!.allCells();
    return {
      nowMs: this.now(),
      stable: readCounts(slabs, at + CanaryCell.stable),
      canary: readCounts(slabs, at + CanaryCell.canary),
    };
  }

  private publish({ key, spec, at, state }: Entry): void {
    const { words, at: block } = this.states.claim(key, this.now());
    const share = shareOf(state, spec);
    const told = takesChosen(state) ? Math.round(share * SHARE_WHOLE) : SHARE_ROLLED_BACK;
    Atomics.store(words, block + StateCell.canaryShare, told);
    const { cells } = this.registry!.own;
    cells[at + CanaryCell.share] = share;
    cells[at + CanaryCell.state] = stateNumbers[state.phase];
  }

  private tell(entry: Entry, { stable, ...decision }: Decision): void {
    const { cells } = this.registry!.own;
    if (decision.kind === 'step') cells[entry.at + CanaryCell.steps]!++;
    else if (decision.kind === 'promoted') cells[entry.at + CanaryCell.promotions]!++;
    else if (decision.kind === 'rolledBack') cells[entry.at + CanaryCell.rollbacks]!++;
    const figures = {
      canaryErrorRate: rounded(decision.canaryErrorRate),
      canaryP99Ms: finite(decision.canaryP99Ms) ?? -1,
      stableErrorRate: stable === null ? null : rounded(stable.errorRate),
      stableP99Ms: stable === null ? null : finite(stable.p99Ms),
    };
    entry.decisions.push({ at: new Date().toISOString(), ...decision, ...figures });
    if (entry.decisions.length > DECISIONS_KEPT) entry.decisions.shift();
    const { route, spec } = entry;
    this.log(decision.kind === 'rolledBack' ? 'warn' : 'info', messages[decision.kind], {
      route,
      upstream: spec.upstream,
      share: decision.share,
      ...(decision.reason !== '' && { reason: decision.reason }),
      ...(decision.kind !== 'started' && {
        canaryRequests: decision.canaryRequests,
        canaryErrorRate: figures.canaryErrorRate,
        canaryP99Ms: figures.canaryP99Ms,
      }),
      ...(stable !== null && {
        stableErrorRate: rounded(stable.errorRate),
        stableP99Ms: finite(stable.p99Ms) ?? -1,
      }),
    });
  }

  private report({ spec, state, at, decisions }: Entry): CanaryReport {
    const look = this.countsOf(at);
    const figures = (counts: ReturnType<typeof countsSince>) => ({
      requests: counts.requests,
      errorRate: rounded(errorRate(counts)),
      p99Ms: finite(p99Ms(counts)),
    });
    return {
      upstream: spec.upstream,
      phase: state.phase,
      step: `${state.step + 1} of ${spec.steps.length}`,
      share: shareOf(state, spec),
      since: new Date(Date.now() - (look.nowMs - state.since)).toISOString(),
      stable: figures(countsSince(look.stable, state.stableBefore)),
      canary: figures(countsSince(look.canary, state.canaryBefore)),
      decisions,
    };
  }
}

function rounded(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

/** Null for the last bucket, which has no end. */
function finite(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 100) / 100 : null;
}
