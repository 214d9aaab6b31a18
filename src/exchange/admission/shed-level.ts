// The share of requests that a worker refuses under pressure, the lowest priorities first. A state machine: it measures nothing and knows
// no clock, but gets the pressure in steps.

/** Priorities are 0 to 9. */
export const PRIORITIES = 10;
/** Some requests are always let in, so that the end of the pressure is noticed. */
const SHARE_MAX = 0.95;
/** What a step under pressure adds to the lasting part of the share, and what it adds for each whole excess of the pressure over 1. */
const STEP_UP = 0.02;
const STEP_UP_EXCESS = 0.06;
const EXCESS_MAX = 3;
/** Below this pressure the lasting part falls. From here to 1 it stays, so that a level that holds is found. */
const CALM = 0.7;
const STEP_DOWN = 0.02;
/** What each unit of pressure above CALM adds for as long as it lasts: without it the share would swing around the level that holds. */
const AT_ONCE = 0.3;

export class ShedLevel {
  /** The lasting part of the share, and the whole share. */
  private lasting: number;
  private total: number;
  private readonly arrivals: Float64Array;
  /** The share of each priority's requests that is refused. */
  private readonly shares: Float64Array;
  /** What each priority has saved up towards its next refusal: exact over time, without random numbers. */
  private readonly credits: Float64Array;

  constructor() {
    this.lasting = 0;
    this.total = 0;
    this.arrivals = new Float64Array(PRIORITIES);
    this.shares = new Float64Array(PRIORITIES);
    this.credits = new Float64Array(PRIORITIES);
  }

  /** Share of all requests that is refused now, 0 to 0.95. */
  get share(): number {
    return this.total;
  }

  /** Whether a request of this priority is let in. */
  admits(priority: number): boolean {
    this.arrivals[priority]!++;
    const share = this.shares[priority]!;
    if (share === 0) return true;
    const credit = this.credits[priority]! + share;
    this.credits[priority] = credit >= 1 ? credit - 1 : credit;
    return credit < 1;
  }

  /** Refuses nothing any more, as in the beginning. */
  reset(): void {
    this.lasting = 0;
    this.total = 0;
    this.arrivals.fill(0);
    this.shares.fill(0);
    this.credits.fill(0);
  }

  /** Ends a period of time. `pressure` is the worst signal as a multiple of its limit: 1 is at the limit. */
  step(pressure: number): void {
    if (pressure > 1) {
      const excess = Math.min(EXCESS_MAX, pressure - 1);
      this.lasting = Math.min(SHARE_MAX, this.lasting + STEP_UP + STEP_UP_EXCESS * excess);
    } else if (pressure < CALM) this.lasting = Math.max(0, this.lasting - STEP_DOWN);
    const atOnce = this.lasting > 0 ? AT_ONCE * Math.min(EXCESS_MAX, Math.max(0, pressure - CALM)) : 0;
    this.total = Math.min(SHARE_MAX, this.lasting + atOnce);
    this.shareOut();
  }

  /** Takes the share from the lowest priorities that arrived in the last period, and the rest from the next higher ones. */
  private shareOut(): void {
    const { arrivals, shares } = this;
    let all = 0;
    for (let priority = 0; priority < PRIORITIES; priority++) all += arrivals[priority]!;
    let left = this.total * all;
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const came = arrivals[priority]!;
      // No request of this priority came. If the refusals reach beyond this priority, all its requests are refused, else none.
      shares[priority] = came === 0 ? (left > 0 ? 1 : 0) : Math.min(1, left / came);
      left = Math.max(0, left - came);
      arrivals[priority] = 0;
    }
  }
}
