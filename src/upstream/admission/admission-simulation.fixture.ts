// Admission to upstreams in virtual time: real gates with their wheels and shared cells, workers that do one thing at a time, and backends
// of a known capacity. The same seed gives the same run on every machine, so that tests can hold the promises to exact figures.

import { Random } from '../../base/random.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { SharedStates, stateMemory } from '../state/shared-states.ts';
import { Entry, Gate, type GateSpec, type GateWaiter } from './gate.ts';

export interface SimulatedBackend {
  /** Requests that the backend works on at once; further ones queue in front of it, in their order. */
  readonly atOnce: number;
  /** Time for one request, drawn from the seeded source. */
  serviceMs(random: Random): number;
  /** From this time on, the backend takes requests and answers none. */
  readonly frozenAtMs?: number | undefined;
}

export interface SimulatedRoute {
  readonly gate: GateSpec | null;
  readonly backend: SimulatedBackend;
  /** Requests a second, Poisson. */
  readonly perSecond: number;
}

export interface RouteOutcome {
  /** Latencies of the answered requests, counted from their arrival; those that arrived during the warm-up are left out. */
  readonly latencies: number[];
  readonly refused: number;
  /** Requests a second that the backend finished after the warm-up. */
  readonly donePerSecond: number;
  readonly longestAtBackend: number;
  readonly mostWaiting: number;
  readonly mostInFlight: number;
}

const TICK_MS = 25;
/** How long a worker is busy with an arrival, an answer, or the end of a wait. */
const WORK_MS = 0.02;
/** Time from one worker's notification until the other is awake, as measured: decision 19. */
const WAKE_MS = 0.09;

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly worker: Worker | null;
  readonly run: () => void;
}

interface Worker {
  readonly wheel: TimerWheel;
  readonly clock: { now: number };
  busyUntilMs: number;
}

/** The functions of `Atomics` that a test replaces: the real ones would wake the gates of one thread in that thread's real time. */
export interface AtomicsOfTest {
  waitAsync: typeof Atomics.waitAsync;
  notify: typeof Atomics.notify;
}

export class AdmissionSimulation {
  private readonly random: Random;
  private readonly events: Event[] = [];
  private readonly workers: Worker[];
  private readonly memory: SharedArrayBuffer;
  private readonly sleepers: { readonly index: number; readonly wake: () => void }[] = [];
  private nowMs = 0;
  private order = 0;

  constructor(workers: number, seed: number) {
    this.random = new Random(seed);
    this.memory = stateMemory(workers);
    this.workers = Array.from({ length: workers }, () => ({
      wheel: new TimerWheel(0, TICK_MS, 1024),
      clock: { now: 0 },
      busyUntilMs: 0,
    }));
  }

  /** Replaces the real functions during the run. */
  readonly atomics: AtomicsOfTest = {
    // Because: a gate only chains on the promise; this object calls back in virtual time.
    waitAsync: ((_words: Int32Array, index: number) => ({
      async: true,
      // biome-ignore lint/suspicious/noThenProperty: it stands for a promise.
      value: { then: (wake: () => void) => this.sleepers.push({ index, wake }) },
    })) as unknown as typeof Atomics.waitAsync,
    notify: (_words, index) => {
      const at = this.sleepers.findIndex(sleeper => sleeper.index === index);
      if (at === -1) return 0;
      const { wake } = this.sleepers.splice(at, 1)[0]!;
      this.schedule(this.nowMs + WAKE_MS, null, wake);
      return 1;
    },
  };

  run(routes: readonly SimulatedRoute[], untilMs: number, warmUpMs: number): RouteOutcome[] {
    const outcomes = routes.map((route, at) => this.begin(route, `route ${at}`, untilMs, warmUpMs));
    for (const worker of this.workers) this.tick(worker, untilMs);
    for (let event = this.next(); event !== null && event.atMs <= untilMs; event = this.next()) {
      const { worker } = event;
      // An event for a busy worker is put off until the worker is free.
      if (worker !== null && worker.busyUntilMs > event.atMs) {
        this.push({ ...event, atMs: worker.busyUntilMs });
        continue;
      }
      this.nowMs = event.atMs;
      if (worker !== null) {
        worker.clock.now = event.atMs;
        worker.busyUntilMs = event.atMs + WORK_MS;
      }
      event.run();
    }
    return outcomes;
  }

  private begin(route: SimulatedRoute, name: string, untilMs: number, warmUpMs: number): RouteOutcome {
    const { gate: spec, backend, perSecond } = route;
    const gates = this.workers.map((worker, slot) => {
      const block = new SharedStates(this.memory, slot).claim(name, 0);
      const { wheel, clock } = worker;
      const wake = (run: () => void) => this.schedule(this.nowMs, worker, run);
      return spec === null ? null : new Gate(spec, block, { wheel, clock, sharedNow: () => clock.now, wake });
    });
    const outcome = {
      latencies: [] as number[],
      refused: 0,
      donePerSecond: 0,
      longestAtBackend: 0,
      mostWaiting: 0,
      mostInFlight: 0,
    };
    const line: (() => void)[] = [];
    let working = 0;
    const work = (done: () => void): void => {
      working++;
      this.schedule(this.nowMs + backend.serviceMs(this.random), null, () => {
        if (this.nowMs >= (backend.frozenAtMs ?? Infinity)) return;
        working--;
        if (this.nowMs > warmUpMs) outcome.donePerSecond += 1_000 / (untilMs - warmUpMs);
        line.shift()?.();
        done();
      });
    };
    const send = (done: () => void): void => {
      if (working < backend.atOnce) {
        work(done);
        return;
      }
      line.push(() => work(done));
      outcome.longestAtBackend = Math.max(outcome.longestAtBackend, line.length);
    };
    const arrive = (): void => {
      const at = this.random.below(this.workers.length);
      const [worker, gate, arrivedAt] = [this.workers[at]!, gates[at]!, this.nowMs];
      const go = (): void => {
        const sentAt = this.nowMs;
        if (gate !== null) outcome.mostInFlight = Math.max(outcome.mostInFlight, gate.inFlight);
        send(() =>
          this.schedule(this.nowMs, worker, () => {
            if (arrivedAt >= warmUpMs) outcome.latencies.push(this.nowMs - arrivedAt);
            gate?.leave(this.nowMs - sentAt, false);
          }),
        );
      };
      const refuse = (): void => {
        outcome.refused++;
        worker.busyUntilMs = Math.max(worker.busyUntilMs, this.nowMs) + WORK_MS;
      };
      this.schedule(arrivedAt, worker, () => {
        if (gate === null) {
          go();
          return;
        }
        const waiter: GateWaiter = { waitsAt: null, waitsSince: 0, onAdmitted: go, onNotAdmitted: refuse };
        const entry = gate.enter(waiter);
        if (entry === Entry.admitted) go();
        else if (entry === Entry.refused) refuse();
        const waiting = gates.reduce((sum, each) => sum + each!.queued, 0);
        outcome.mostWaiting = Math.max(outcome.mostWaiting, waiting);
      });
      this.schedule(this.nowMs - (Math.log(1 - this.random.unit()) * 1_000) / perSecond, null, arrive);
    };
    this.schedule(0, null, arrive);
    return outcome;
  }

  private tick(worker: Worker, untilMs: number): void {
    if (this.nowMs > untilMs) return;
    this.schedule(this.nowMs + TICK_MS, null, () => {
      worker.clock.now = this.nowMs;
      worker.wheel.advance(this.nowMs);
      this.tick(worker, untilMs);
    });
  }

  private schedule(atMs: number, worker: Worker | null, run: () => void): void {
    this.push({ atMs, order: this.order++, worker, run });
  }

  /** Inserts into a binary heap ordered by time, and by insertion order within the same time. */
  private push(event: Event): void {
    const { events } = this;
    let at = events.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(events[above]!, event)) break;
      events[at] = events[above]!;
      at = above;
    }
    events[at] = event;
  }

  private next(): Event | null {
    const { events } = this;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined) return null;
    if (events.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= events.length) break;
      if (below + 1 < events.length && isBefore(events[below + 1]!, events[below]!)) below++;
      if (isBefore(last, events[below]!)) break;
      events[at] = events[below]!;
      at = below;
    }
    events[at] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** The 99th percentile, by nearest rank; NaN without latencies. */
export function p99(latencies: readonly number[]): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)] ?? Number.NaN;
}
