// When callers are next reported to Redis. A round trip costs this thread hundreds of microseconds, however few callers it carries, since
// the thread was asleep before: so many callers wait longer and travel together, and a few near their limit are reported at once.

/** Shortest time between rounds, in ms. */
export const ROUND_MS_MIN = 25;
/** Longest time between rounds, for many callers at once; calm callers wait no longer either. */
const ROUND_MS_MAX = 800;
const CALM_MS = 200;
/** After this many rounds with nothing to report, rounds are less frequent. */
const EMPTY_ROUNDS = 40;
const IDLE_MS = 100;
/** Callers that lengthen a round by `ROUND_MS_MIN`: the first number while none is in a hurry, the second even if all are. */
const CALLERS_A_STEP = 16;
const HURRIED_A_STEP = 128;
const CROWD_FALLS = 0.9;

/** Units of one gateway unknown to the others from which on a caller is in a hurry. `size`: units at which the limit counts as full. */
export function unreportedMax(size: number): number {
  return Math.max(size / 8, Math.min(4, size / 3));
}

export class SyncPace {
  /** Planned time since the last round, in ms. */
  waitMs = ROUND_MS_MIN;
  private reported = 0;
  private hot = 0;
  /** For the callers reported in this round: how often per ms one of them would be in a hurry. */
  private hurries = 0;
  /** Number of callers to report. It falls slowly, since callers that are refused for a while come back. */
  private crowd = 0;
  private empty = 0;

  /** Milliseconds until a caller is reported again that is neither near its limit nor in a hurry. A round may come a little early. */
  get calmMs(): number {
    return Math.min(ROUND_MS_MAX, Math.max(CALM_MS, this.waitMs)) - ROUND_MS_MIN / 2;
  }

  /** Notes a caller reported in this round: `units` came in `sinceMs`, and it is in a hurry from `most` units on. */
  note(isHot: boolean, units: number, sinceMs: number, most: number): void {
    this.reported++;
    if (isHot) this.hot++;
    this.hurries += units / most / Math.max(1, sinceMs);
  }

  /** Ends a round that left `left` callers for later. Returns the ms until the next one. */
  next(left: number): number {
    const { reported, hot, hurries } = this;
    this.empty = reported + left === 0 ? this.empty + 1 : 0;
    if (this.empty > EMPTY_ROUNDS) this.waitMs = IDLE_MS;
    if (reported === 0) return this.waitMs;
    this.crowd = Math.max(reported + left, this.crowd * CROWD_FALLS);
    const longest = Math.max(hot > 0 ? ROUND_MS_MIN : IDLE_MS, spread(this.crowd, CALLERS_A_STEP));
    this.waitMs = Math.max(Math.min(longest, reported / hurries), spread(this.crowd, HURRIED_A_STEP));
    this.reported = 0;
    this.hot = 0;
    this.hurries = 0;
    return this.waitMs;
  }
}

function spread(callers: number, each: number): number {
  return Math.min(ROUND_MS_MAX, ROUND_MS_MIN * Math.ceil(callers / each));
}
