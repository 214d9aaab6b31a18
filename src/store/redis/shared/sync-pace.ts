// When callers are told to Redis next. A round trip costs this thread hundreds of microseconds, however few callers it carries, since
// the thread was asleep before: so many callers wait longer and travel together, and few near their limit are told at once.

/** Shortest time between rounds. */
export const ROUND_MS_MIN = 25;
/** Longest: of callers far from their limit, and of many at once. */
const ROUND_MS_MAX = 800;
const CALM_MS = 200;
/** After so many rounds with nothing to tell it looks less often. */
const EMPTY_ROUNDS = 40;
const IDLE_MS = 100;
/** Callers that lengthen a round by `ROUND_MS_MIN`; and by so much at least, whoever of them is in a hurry. */
const CALLERS_A_STEP = 16;
const HURRIED_A_STEP = 128;
const CROWD_FALLS = 0.9;

/** Units of one gateway that the others may not know of, before the caller is in a hurry: `size` is what counts as full. */
export function untoldMax(size: number): number {
  return Math.max(size / 8, Math.min(4, size / 3));
}

export class SyncPace {
  /** Since the last round, as it was meant. */
  waitMs = ROUND_MS_MIN;
  private told = 0;
  private hot = 0;
  /** Of those told, how often in a millisecond one of them would be in a hurry. */
  private hurries = 0;
  /** How many there are to tell, falling slowly: those who are refused for a while come back. */
  private crowd = 0;
  private empty = 0;

  /** Until callers are told again who are neither near their limit nor in a hurry. A round may come a little early. */
  get calmMs(): number {
    return Math.min(ROUND_MS_MAX, Math.max(CALM_MS, this.waitMs)) - ROUND_MS_MIN / 2;
  }

  /** A caller told in this round: `units` came in `sinceMs`, and he is in a hurry from `most` units on. */
  note(isHot: boolean, units: number, sinceMs: number, most: number): void {
    this.told++;
    if (isHot) this.hot++;
    this.hurries += units / most / Math.max(1, sinceMs);
  }

  /** Ends a round, in which so many callers were left for later; ms until the next one. */
  next(left: number): number {
    const { told, hot, hurries } = this;
    this.empty = told + left === 0 ? this.empty + 1 : 0;
    if (this.empty > EMPTY_ROUNDS) this.waitMs = IDLE_MS;
    if (told === 0) return this.waitMs;
    this.crowd = Math.max(told + left, this.crowd * CROWD_FALLS);
    const longest = Math.max(hot > 0 ? ROUND_MS_MIN : IDLE_MS, spread(this.crowd, CALLERS_A_STEP));
    this.waitMs = Math.max(Math.min(longest, told / hurries), spread(this.crowd, HURRIED_A_STEP));
    this.told = 0;
    this.hot = 0;
    this.hurries = 0;
    return this.waitMs;
  }
}

function spread(callers: number, each: number): number {
  return Math.min(ROUND_MS_MAX, ROUND_MS_MIN * Math.ceil(callers / each));
}
