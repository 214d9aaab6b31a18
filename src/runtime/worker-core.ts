// One worker: its gateway, listeners, configurations and log, and what each call of the supervisor does to them.

import type { Socket } from 'node:net';
import { Gateway } from '../exchange/gateway.ts';
import type { ListenerSettings } from '../exchange/listener-settings.ts';
import { ThreadIo } from '../net/io.ts';
import { ClientTlsBook } from '../net/tls/client-tls-book.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { ConsumerCounter } from '../telemetry/consumer-counter.ts';
import { failureLog } from '../telemetry/failure-log.ts';
import { WorkerCell } from '../telemetry/metric-families.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import { WorkerVitals } from '../telemetry/worker-vitals.ts';
import { SharedStates } from '../upstream/state/shared-states.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { LiveHeadLimits } from './live-head-limits.ts';
import type { Answer, Ask, CallName, PrepareOrder, PrepareReport, WorkerSetup } from './messages.ts';
import { clearEndpointGauges, upstreamStates, writeEndpointGauges } from './upstream-states.ts';
import { WorkerConfigs } from './worker-configs.ts';
import { WorkerListeners } from './worker-listeners.ts';
import { SharedWorkerServices } from './worker-services.ts';
import { WorkerTickets } from './worker-tickets.ts';

const GAUGES_EVERY_MS = 1_000;
/** Sleep per turn of the endless loop in which a test makes a worker hang. */
const HANG_STEP_MS = 100;

type Say = (level: LogLevel, message: string, fields?: LogFields, isRecord?: boolean) => void;

type Calls = { readonly [Name in CallName]: (ask: Ask<Name>) => Answer<Name> | Promise<Answer<Name>> };

/** What exists once `setup` was called. */
interface Equipment extends WorkerSetup {
  readonly cellView: Float64Array;
  readonly accessLog: AccessLog;
  readonly configs: WorkerConfigs;
  readonly filterServices: SharedWorkerServices;
  readonly shared: SharedStates;
}

export class WorkerCore {
  readonly calls: Calls;
  private readonly say: Say;
  private readonly io = new ThreadIo();
  private readonly headLimits = new LiveHeadLimits();
  private readonly tickets = new WorkerTickets();
  private readonly clientTls: ClientTlsBook;
  private readonly listeners: WorkerListeners;
  private readonly feeds: WorkerFeeds;
  private equipment: Equipment | null = null;
  private gateway: Gateway | null = null;

  /** `nudge` asks a feed's source, in the supervisor, to look again. */
  constructor(say: Say, nudge: (key: string, hint: string) => void) {
    this.say = say;
    this.feeds = new WorkerFeeds(nudge);
    this.clientTls = new ClientTlsBook(failureLog(say, 'TLS to an endpoint failed'));
    this.listeners = new WorkerListeners(
      this.io.readBuffer,
      this.tickets,
      (socket, settings) => this.accept(socket, settings),
      settings => this.gateway?.drainListener(settings),
    );
    this.calls = {
      setup: setup => this.setup(setup),
      prepare: order => this.prepare(order),
      tickets: keys => this.receiveTickets(keys),
      feed: ({ key, value }) => this.receive(key, value),
      listen: orders => this.listeners.prepare(orders),
      commit: () => this.commit(),
      abort: () => this.abort(),
      stopListening: () => this.stopListening(),
      drain: ({ timeoutMs }) => this.drain(timeoutMs),
      reopenLog: () => this.reopenLog(),
      upstreams: () => upstreamStates(this.gateway?.snapshot.upstreams.values() ?? []),
      ping: () => null,
      crash: how => this.crash(how),
    };
  }

  private setup(setup: WorkerSetup): null {
    const cellView = new Float64Array(setup.cells);
    const offset = setup.workerMetricsOffset;
    const accessLog = new AccessLog({
      path: setup.accessLogPath,
      waitsForFile: setup.isReplacement,
      onWritten: lines => {
        cellView[offset + WorkerCell.accessLogWritten]! += lines;
      },
      onDropped: lines => {
        cellView[offset + WorkerCell.accessLogDropped]! += lines;
      },
      onError: error => this.say('error', 'access log cannot be written', { reason: error.message }),
      onWorksAgain: droppedLines => this.say('info', 'access log is written again', { droppedLines }),
    });
    const { clientTls } = this;
    const states = new SharedStates(setup.states, setup.slot);
    const pools = { io: this.io, headLimits: this.headLimits, cells: cellView, clientTls, states, log: this.say };
    const { io, feeds, say: log } = this;
    const filterServices = new SharedWorkerServices({ io, cells: cellView, feeds, log });
    const configs = new WorkerConfigs({ pools, worker: filterServices });
    this.equipment = { ...setup, cellView, accessLog, configs, filterServices, shared: states };
    new WorkerVitals(cellView, offset);
    setInterval(() => this.writeGauges(), GAUGES_EVERY_MS).unref();
    this.io.start();
    return null;
  }

  private prepare(order: PrepareOrder): Promise<PrepareReport> {
    const { configs, filterServices } = this.equipped();
    filterServices.useTables(order.tables);
    this.clientTls.prepare(order.upstreamTls);
    return configs.prepare(order);
  }

  private receiveTickets(keys: Ask<'tickets'>): null {
    this.tickets.receive(keys);
    return null;
  }

  private receive(key: string, value: unknown): null {
    this.io.clock.tick();
    this.feeds.receive(key, value);
    this.io.outbox.flush();
    return null;
  }

  private equipped(): Equipment {
    if (this.equipment === null) throw new Error('the worker was not set up');
    return this.equipment;
  }

  private async commit(): Promise<null> {
    const { configs, cellView } = this.equipped();
    const { snapshot, config } = configs.commit();
    this.headLimits.become(config.limits);
    this.clientTls.commit(config.upstreams);
    if (this.gateway === null) {
      this.gateway = await this.openGateway(snapshot);
    } else {
      clearEndpointGauges(this.gateway.snapshot.upstreams.values(), snapshot.upstreams, cellView);
      this.gateway.swap(snapshot);
    }
    await this.listeners.commit();
    this.writeGauges();
    return null;
  }

  private async openGateway(snapshot: Gateway['snapshot']): Promise<Gateway> {
    const { cellView, workerMetricsOffset, consumers, accessLog, shared } = this.equipped();
    const log: Say = (level, message, fields) => this.say(level, message, fields);
    const gateway = new Gateway(snapshot, {
      io: this.io,
      cells: cellView,
      workerMetricsOffset,
      consumers: consumers === null ? null : new ConsumerCounter(cellView, consumers),
      accessLog,
      log,
      states: shared,
    });
    await gateway.prepare();
    return gateway;
  }

  private abort(): null {
    this.equipped().configs.abort();
    this.clientTls.abort();
    this.listeners.abort();
    return null;
  }

  private async stopListening(): Promise<null> {
    await this.listeners.closeAll();
    return null;
  }

  private async drain(timeoutMs: number): Promise<null> {
    await this.gateway?.drain(timeoutMs);
    await this.equipment?.configs.close();
    await this.equipment?.accessLog.close();
    return null;
  }

  private reopenLog(): null {
    this.equipment?.accessLog.reopen();
    return null;
  }

  private crash(how: Ask<'crash'>): null {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    setImmediate(() => {
      // An endless loop that leaves the processor to other tests.
      while (how === 'hang') Atomics.wait(cell, 0, 0, HANG_STEP_MS);
      throw new Error('a test asked this worker to fail');
    });
    return null;
  }

  private accept(socket: Socket, settings: ListenerSettings): void {
    if (this.gateway === null) socket.destroy();
    else this.gateway.accept(socket, settings);
  }

  private writeGauges(): void {
    if (this.gateway !== null) writeEndpointGauges(this.gateway.snapshot.upstreams.values(), this.equipped().cellView);
  }
}
