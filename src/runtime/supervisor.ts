// The gateway as one object of the main thread: combines workers, configuration, watched files and shared state. Each
// part has its own file; here the parts are only connected.

import { feedSources } from '../compile/feed-catalog.ts';
import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { PairsByFile } from '../net/tls/read-material.ts';
import { writeBuildInfo } from '../telemetry/build-info.ts';
import { GatewayCell } from '../telemetry/metric-families.ts';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { OperatorLog } from '../telemetry/operator-log.ts';
import { sampleProcess } from '../telemetry/process-vitals.ts';
import { SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { CanaryDesk } from './canary-desk.ts';
import type { CanaryReport } from './canary-report.ts';
import type { CertificateWarning } from './certificate-dates.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { fewDescriptors } from './descriptor-room.ts';
import { FeedDesk, type FeedTrouble } from './feeds/feed-desk.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { fixedSettingsThatChanged } from './fixed-settings.ts';
import { HealthDesk } from './health-desk.ts';
import { addressUrl } from './listener-book.ts';
import type { LoadedFile } from './load.ts';
import { Reload, type ReloadFailure } from './reload.ts';
import { Rollout, type RolloutResult } from './rollout.ts';
import { SharedTables } from './shared-tables.ts';
import type { GatewayStatus, Phase, UpstreamsReport } from './status.ts';
import { TicketKeyMaker } from './ticket-keys.ts';
import { TurnQueue } from './turn-queue.ts';
import { upstreamsReport } from './upstreams-report.ts';
import { FileWatch } from './watch-files.ts';
import { WorkerCrew } from './worker-crew.ts';

/** A worker that needs this much longer than the drain's own timeout hangs, and is terminated. */
const DRAIN_SLACK_MS = 10_000;

export interface SupervisorOptions {
  readonly workers: number;
  readonly load: (serving: PairsByFile) => Promise<LoadedFile>;
  /** Of the gateway, for `cardea_build_info`. */
  readonly version: string;
  /** Standard error when left out. */
  readonly log?: OperatorLog;
  /** Logs nothing for the operator: for commands that report in their own words. */
  readonly quiet?: boolean;
}

export class Supervisor {
  private readonly log: OperatorLog;
  private readonly version: string;
  private readonly turns = new TurnQueue();
  private readonly crew: WorkerCrew;
  private readonly feeds: FeedDesk;
  private readonly tables = new SharedTables();
  private readonly states: SharedArrayBuffer;
  private readonly health: HealthDesk;
  private readonly canaries: CanaryDesk;
  private readonly tickets: TicketKeyMaker;
  private readonly certificates: CertificateWatch;
  private readonly reloads: Reload;
  private readonly watch: FileWatch;
  private readonly startedAt = Date.now();
  private registry: MetricRegistry | null = null;
  private rollout: Rollout | null = null;
  private phase: Phase = 'starting';
  /** Why the configuration is to be read again as soon as the gateway serves; null when it is not. */
  private causeAtStart: string | null = null;
  private loadedAt = 0;
  /** When the last reading of the configuration began, or a time before that; milliseconds since 1970. */
  private readSince = this.startedAt;
  private pairs: PairsByFile = new Map();
  private lastFailure: ReloadFailure | null = null;
  private hurry: (() => void) | null = null;

  /** Starts the worker threads, because that takes longest; `start` gives them a configuration. */
  constructor(options: SupervisorOptions) {
    this.log = options.log ?? new OperatorLog(options.quiet === true ? { write: () => {} } : {});
    this.version = options.version;
    const log = this.log.log.bind(this.log);
    this.crew = new WorkerCrew({
      size: options.workers,
      log,
      turns: this.turns,
      onNudge: (key, hint) => this.feeds.nudge(key, hint),
      onReplaced: () => this.reloads.workerReplaced(),
    });
    const ownFeeds = new WorkerFeeds((key, hint) => this.feeds.nudge(key, hint));
    this.states = stateMemory(options.workers);
    this.health = new HealthDesk(this.states, ownFeeds, log);
    this.canaries = new CanaryDesk(new SharedStates(this.states, -1), log);
    this.feeds = new FeedDesk({
      sources: feedSources,
      send: (key, value) => {
        ownFeeds.receive(key, value);
        // A worker that died meanwhile is replaced by one that gets all values.
        void this.crew.callAll('feed', { key, value }).catch(() => {});
      },
      log,
      sharedTable: name => this.tables.all.get(name)?.memory,
    });
    this.tickets = new TicketKeyMaker(keys => void this.crew.callAll('tickets', keys).catch(() => {}));
    this.certificates = new CertificateWatch(log);
    this.reloads = new Reload({
      load: () => {
        this.readSince = Date.now();
        return options.load(this.pairs);
      },
      deploy: loaded => this.deploy(loaded),
      servingVersion: () => this.rollout?.serving?.config.version ?? '',
      log,
      onDone: (failure, loaded) => this.onReloaded(failure, loaded),
    });
    this.watch = new FileWatch(() => void this.reload('a file changed'));
  }

  /** Serves this configuration. On failure, the workers are ended and the result says why; `abandon` then ends the rest. */
  async start(loaded: LoadedFile): Promise<RolloutResult> {
    const { config } = loaded;
    if (config === null) throw new Error('a configuration with errors cannot be started');
    const registry = new MetricRegistry(config.metrics);
    writeBuildInfo(registry, this.version);
    const { crew, tables, feeds, tickets } = this;
    const rollout = new Rollout({ crew, registry, tables, feeds, tickets });
    this.registry = registry;
    this.rollout = rollout;
    // Watched from here on, so that a change while the workers start is not missed.
    this.watch.follow(loaded.files, this.readSince);
    await this.crew.equip({
      registry,
      accessLogPath: config.accessLog.path,
      states: this.states,
      bringUp: worker => rollout.bringUp(worker),
    });
    const result = await this.deploy(loaded);
    if (!result.ok) {
      this.watch.close();
      await this.crew.terminate();
      return result;
    }
    // A signal may have started a drain meanwhile.
    if (this.phase === 'starting') {
      this.phase = 'serving';
      if (this.causeAtStart !== null) void this.reload(this.causeAtStart);
    }
    return result;
  }

  /** Ends everything at once; for a start that failed elsewhere. */
  async abandon(): Promise<void> {
    this.watch.close();
    await this.endParts();
  }

  /**
   * Reads the configuration again. Resolves with null once the configuration serves, otherwise with the failure. While the gateway
   * starts or drains, resolves with null at once; a reload asked for during the start then follows it.
   */
  async reload(cause: string): Promise<ReloadFailure | null> {
    if (this.phase === 'starting') this.causeAtStart ??= cause;
    if (this.phase !== 'serving') return null;
    return this.reloads.request(cause);
  }

  /** Does not wait for a worker that dies or does not answer: its replacement opens the file anew anyway. */
  async reopenLogs(): Promise<void> {
    await Promise.allSettled(this.crew.workers.map(worker => worker.call('reopenLog', null)));
  }

  /** Stops accepting, lets requests in progress finish, ends the workers. A second call cuts off what is left. */
  async drain(): Promise<void> {
    if (this.phase === 'draining') {
      this.hurry?.();
      return;
    }
    this.phase = 'draining';
    this.crew.beginStop();
    this.watch.close();
    const hurried = new Promise<void>(resolve => {
      this.hurry = resolve;
    });
    // Abandons a reload in progress, unless its workers are swapping: then it ends first, and every worker knows the listeners to close.
    this.rollout?.giveUp();
    await this.turns.run(async () => {
      // In its turn, because a start that is under way has no configuration before.
      const timeoutMs = this.rollout?.serving?.config.drainTimeoutMs ?? 0;
      const drainAll = (ms: number) =>
        Promise.allSettled(
          this.crew.workers.map(worker => worker.call('drain', { timeoutMs: ms }, ms + DRAIN_SLACK_MS)),
        );
      // No client is asked to leave before all listeners are closed: it would reconnect at once, and be reset in the accept queue
      // of a worker that closes its listener a moment later.
      await this.crew.stopListening();
      await Promise.race([drainAll(timeoutMs), hurried.then(() => drainAll(0))]);
    });
    await this.endParts();
    this.log.flush();
  }

  get status(): GatewayStatus {
    const serving = this.rollout?.serving ?? null;
    return {
      phase: this.phase,
      config: serving?.config ?? null,
      loadedAt: this.loadedAt,
      lastFailure: this.lastFailure,
      listeners: (serving?.listeners ?? []).map(addressUrl),
      workersWanted: this.crew.size,
      workersServing: this.phase === 'starting' ? 0 : this.crew.servingCount,
      startedAt: this.startedAt,
    };
  }

  /** Reports of the canaries by the name of their route. */
  get canaryReports(): ReadonlyMap<string, CanaryReport> {
    return this.canaries.reports;
  }

  /** Feeds that are not up to date; the gateway serves with their last values. */
  get feedTroubles(): readonly FeedTrouble[] {
    return this.feeds.troubles;
  }

  /** The gateway's own certificates that expire within 30 days. */
  get certificateWarnings(): readonly CertificateWarning[] {
    return this.certificates.warnings;
  }

  /** Asks every worker; a worker that does not answer within a second is left out. */
  async upstreams(): Promise<UpstreamsReport> {
    return upstreamsReport(this.crew, this.rollout?.serving?.config.upstreams ?? [], this.feeds);
  }

  /** For the metrics page; null before the start. Updates the gauges of the process and the certificates first. */
  get metrics(): MetricRegistry | null {
    const { registry } = this;
    if (registry === null) return null;
    const offset = registry.block('gateway', '');
    sampleProcess(registry.own.cells, offset);
    registry.own.cells[offset + GatewayCell.lastReloadMs] = this.loadedAt;
    this.certificates.writeDays(registry);
    return registry;
  }

  /** For tests of the command only: a worker throws, is terminated, or stops answering. */
  async crashWorker(how: 'throw' | 'terminate' | 'hang'): Promise<void> {
    const [worker] = this.crew.workers;
    if (how === 'terminate') await worker?.terminate();
    else await worker?.call('crash', how);
  }

  /** Ends whatever asks, counts or waits beside the workers, and the workers last. */
  private async endParts(): Promise<void> {
    for (const part of [this.feeds, this.health, this.canaries, this.certificates, this.tickets]) part.stop();
    await this.crew.terminate();
  }

  private async deploy(loaded: LoadedFile): Promise<RolloutResult> {
    const { config } = loaded;
    const { rollout } = this;
    if (config === null || rollout === null) throw new Error('there is nothing to serve');
    const before = rollout.serving?.config ?? null;
    const result = await this.turns.run(async () => {
      // Canaries that are not known in time are heard later, and rollout.deploy below notices a stop.
      await rollout.unlessGivenUp(() => this.canaries.prepare(config, this.registry!)).catch(() => {});
      const deployed = await rollout.deploy(config, loaded.tls);
      if (!deployed.ok) this.canaries.discardPrepared();
      return deployed;
    });
    if (!result.ok) return result;
    this.loadedAt = Date.now();
    const gates = nonBareRoutes(config.routes).filter(({ concurrency }) => concurrency !== undefined);
    this.canaries.useConfig(config, this.registry!);
    const otherKeys = ['gateway', ...gates.map(({ name }) => `route ${name}`), ...this.canaries.keys];
    this.health.useConfig(config.upstreams, otherKeys, loaded.tls.upstreams);
    this.certificates.follow(loaded.tls);
    this.pairs = loaded.pairs;
    for (const setting of before === null ? [] : fixedSettingsThatChanged(before, config)) {
      this.log.warn('a changed setting takes effect at the next start', { setting });
    }
    const few = before?.limits.connectionsMax === config.limits.connectionsMax ? null : fewDescriptors(config);
    if (few !== null) this.log.warn('few file descriptors for clients (raise LimitNOFILE or ulimit -n)', few);
    return result;
  }

  private onReloaded(failure: ReloadFailure | null, loaded: LoadedFile | null): void {
    this.lastFailure = failure;
    if (loaded !== null && this.phase === 'serving') this.watch.follow(loaded.files, this.readSince);
    this.count(failure === null ? GatewayCell.reloads : GatewayCell.reloadFailures);
  }

  private count(cell: number): void {
    const { registry } = this;
    if (registry === null) return;
    registry.own.cells[registry.block('gateway', '') + cell]!++;
  }
}
