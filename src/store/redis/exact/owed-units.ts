// Units by caller that were admitted without Redis and that Redis still has to learn. Bounded: a caller who never calls again is forgotten
// once he would have got his units back.

export class OwedUnits {
  private readonly callersMax: number;
  private readonly lastsMs: number;
  /** Callers who used units since the last turn, and those who did only before it. */
  private young = new Map<string, number>();
  private old = new Map<string, number>();
  private turnAtMs = 0;

  /** Units are kept for `lastsMs` at least, and forgotten at the second turn after; `callersMax` is the most callers at once. */
  constructor(callersMax: number, lastsMs: number) {
    this.callersMax = callersMax;
    this.lastsMs = lastsMs;
  }

  get isEmpty(): boolean {
    return this.young.size === 0 && this.old.size === 0;
  }

  /** Units of one caller; undefined when there are none. */
  of(caller: string): number | undefined {
    return this.young.get(caller) ?? this.old.get(caller);
  }

  /** Notes more units of a caller, at a time of the monotonic clock. Those of a new caller are forgotten while there is no room. */
  add(caller: string, units: number, nowMs: number): void {
    if (units <= 0) return;
    this.turn(nowMs);
    const there = this.of(caller);
    if (there === undefined && this.young.size + this.old.size >= this.callersMax) return;
    this.old.delete(caller);
    this.young.set(caller, (there ?? 0) + units);
  }

  /** Takes units off a caller's, none below 0. */
  subtract(caller: string, units: number): void {
    const left = (this.of(caller) ?? 0) - units;
    if (left <= 0) this.delete(caller);
    else (this.young.has(caller) ? this.young : this.old).set(caller, left);
  }

  delete(caller: string): void {
    this.young.delete(caller);
    this.old.delete(caller);
  }

  private turn(nowMs: number): void {
    if (nowMs < this.turnAtMs + this.lastsMs) return;
    // Because: after a pause of two turns, the young ones are past their time as well.
    this.old = nowMs < this.turnAtMs + 2 * this.lastsMs ? this.young : new Map();
    this.young = new Map();
    this.turnAtMs = nowMs;
  }
}
