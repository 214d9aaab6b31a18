// How many requests may be under way so that an upstream answers about as fast as it can: a gradient on latency, found by trying. A
// state machine over shared cells; knows no clock and no sockets. After Netflix's concurrency-limits and Envoy's adaptive concurrency.

/** Latency that is still good, as a multiple of the best seen lately. */
const TOLERANCE = 1.5;
/** A window is closed after this long, when it has enough samples. */
const WINDOW_MS = 100;
const SAMPLES_MIN = 20;
/** And so many times the limit: where single answers differ much, the best of small windows is a lucky one, and the limit shrinks to fit it. */
const GENERATIONS = 3;
/** Without that many it is closed after this long all the same. */
const WINDOW_MAX_MS = 2_000;
/** How much of a window's latency goes into the smoothed one. */
const SMOOTHING = 0.4;
/** The best latency is that of the last one to two of these; at the end of each the limit is halved for a moment, to see it. */
const MEMORY_MS = 30_000;
/** Share of attempts without an answer above which the limit shrinks whatever the latency is. */
const FAILURES_MAX = 0.1;
const SHRINK = 0.8;
/** A thread that closes a window for so long was ended in the middle of it. */
const CLOSER_GONE_MS = 1_000;
/** The limit is kept in sixteenths. */
const PARTS = 16;

export interface AdaptiveSpec {
  readonly min: number;
  readonly max: number;
}

/** Offsets of the 32-bit cells from `at`. */
const Word = { limit: 0, samples: 1, latency: 2, failures: 3, peak: 4, lock: 5 } as const;
/** Offsets of the 64-bit cells from `timesAt`. */
const Time = { windowSince: 0, smoothed: 1, best: 2, bestBefore: 3, bestSince: 4 } as const;

export const ADAPTIVE_WORDS = 6;
export const ADAPTIVE_TIMES = 5;

export class AdaptiveLimit {
  private readonly spec: AdaptiveSpec;
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly times: Float64Array;
  private readonly timesAt: number;
  /** Since when this thread has found the lock taken; 0 when it was free. */
  private takenSince = 0;

  /** Cells that are 0 are new: the limit then begins at `min`. */
  constructor(spec: AdaptiveSpec, words: Int32Array, at: number, times: Float64Array, timesAt: number) {
    this.spec = spec;
    this.words = words;
    this.at = at;
    this.times = times;
    this.timesAt = timesAt;
  }

  get limit(): number {
    const parts = this.words[this.at + Word.limit]!;
    const { min, max } = this.spec;
    return parts === 0 ? min : Math.min(max, Math.max(min, Math.floor(parts / PARTS)));
  }

  /** Best latency seen lately, in milliseconds; 0 when nothing is known. */
  get bestMs(): number {
    const best = this.times[this.timesAt + Time.best]!;
    const before = this.times[this.timesAt + Time.bestBefore]!;
    return best === 0 ? before : before === 0 ? best : Math.min(best, before);
  }

  /** An answer began after `latencyMs`, with `inFlight` under way when it did. */
  answered(latencyMs: number, inFlight: number, now: number): void {
    const { words, at } = this;
    Atomics.add(words, at + Word.samples, 1);
    // Tenths of a millisecond, and no more than half a minute each, so that a window's sum stays a 32-bit number.
    Atomics.add(words, at + Word.latency, Math.min(300_000, Math.round(latencyMs * 10)));
    if (inFlight > words[at + Word.peak]!) words[at + Word.peak] = inFlight;
    this.closeWindow(now);
  }

  /** No answer came, in time or at all. */
  failed(now: number): void {
    Atomics.add(this.words, this.at + Word.failures, 1);
    this.closeWindow(now);
  }

  private closeWindow(now: number): void {
    const { words, at, times, timesAt } = this;
    const since = times[timesAt + Time.windowSince]!;
    if (since === 0) {
      times[timesAt + Time.windowSince] = now;
      times[timesAt + Time.bestSince] = now;
      return;
    }
    const samples = words[at + Word.samples]! + words[at + Word.failures]!;
    const age = now - since;
    if (age < WINDOW_MS) return;
    if (age < WINDOW_MAX_MS && samples < Math.max(SAMPLES_MIN, GENERATIONS * this.limit)) return;
    const stamp = this.takeLock(now);
    if (stamp === 0) return;
    // Another thread may have closed it between the look and the lock.
    if (times[timesAt + Time.windowSince] === since) this.learn(now);
    Atomics.compareExchange(words, at + Word.lock, stamp, 0);
  }

  /** 0 while another thread has it. One that was ended with it would hold the limit where it is for ever, for all workers. */
  private takeLock(now: number): number {
    const { words } = this;
    const lockAt = this.at + Word.lock;
    const holder = Atomics.compareExchange(words, lockAt, 0, 1);
    if (holder === 0) {
      this.takenSince = 0;
      return 1;
    }
    if (this.takenSince === 0) this.takenSince = now;
    if (now - this.takenSince < CLOSER_GONE_MS) return 0;
    this.takenSince = 0;
    const stamp = (holder % 1_000) + 1;
    return Atomics.compareExchange(words, lockAt, holder, stamp) === holder ? stamp : 0;
  }

  private learn(now: number): void {
    const { words, at, times, timesAt, spec } = this;
    const answers = Atomics.exchange(words, at + Word.samples, 0);
    const failures = Atomics.exchange(words, at + Word.failures, 0);
    const latency = Atomics.exchange(words, at + Word.latency, 0) / 10;
    const peak = Atomics.exchange(words, at + Word.peak, 0);
    times[timesAt + Time.windowSince] = now;
    const { limit } = this;
    let next: number = limit;
    if (failures > FAILURES_MAX * (answers + failures)) next = limit * SHRINK;
    else if (answers > 0) next = this.byGradient(Math.max(0.1, latency / answers), limit, peak);
    if (now - times[timesAt + Time.bestSince]! >= MEMORY_MS) {
      times[timesAt + Time.bestBefore] = times[timesAt + Time.best]!;
      times[timesAt + Time.best] = 0;
      times[timesAt + Time.bestSince] = now;
      // The smoothed value is of the time before the look; the next window is to count alone.
      times[timesAt + Time.smoothed] = 0;
      next = limit / 2;
    }
    words[at + Word.limit] = Math.round(Math.min(spec.max, Math.max(spec.min, next)) * PARTS);
  }

  private byGradient(meanMs: number, limit: number, peak: number): number {
    const { times, timesAt } = this;
    const before = times[timesAt + Time.smoothed]!;
    const smoothed = before === 0 ? meanMs : before + (meanMs - before) * SMOOTHING;
    times[timesAt + Time.smoothed] = smoothed;
    const best = times[timesAt + Time.best]!;
    if (best === 0 || smoothed < best) times[timesAt + Time.best] = smoothed;
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * this.bestMs) / smoothed));
    // Callers that do not use what they may say nothing of what is possible beyond.
    if (gradient === 1 && peak * 2 < limit) return limit;
    return limit * gradient + Math.sqrt(limit);
  }
}
