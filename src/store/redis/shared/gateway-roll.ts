// Which gateways count in one Redis: each reports every second that it is alive, and learns how many are. While Redis is away the last
// number stays.

import type { RedisStore } from '../redis-store.ts';
import { refusalCode } from '../refusal-code.ts';

const EVERY_MS = 1_000;
/** Interval while Redis refuses the roll: counting in Redis resumes only when it no longer does. */
const REFUSED_EVERY_MS = 250;
/** A round that has callers to report takes the roll along this much early: a message of its own costs as much as the round. */
const EARLY_MS = 250;
/** A gateway that was not heard of for this long is gone. */
const GONE_AFTER_MS = 5_000;
/** A lower number counts once Redis has returned it for this long: after an outage gateways come back to the roll one after another. */
const FEWER_AFTER_MS = 3_000;

/** A Lua function for scripts that call the roll: notes that a gateway is alive, or leaves, and returns the number of gateways. */
export const rollCall = `
local function rollCall(key, id, leaves)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if leaves then redis.call('ZREM', key, id) else redis.call('ZADD', key, now, id) end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ${GONE_AFTER_MS})
  redis.call('PEXPIRE', key, ${GONE_AFTER_MS})
  return redis.call('ZCARD', key)
end
`;

const script = `${rollCall}
return rollCall(KEYS[1], ARGV[1], ARGV[2] == 'leave')
`;

export class GatewayRoll {
  /** Gateways that were alive when Redis was last heard, including this one. */
  gateways = 1;
  /** The code with which a Redis that answers refuses this script, and therefore the counting scripts too; null while it does not. */
  refusal: string | null = null;
  /** What a script needs to call `rollCall`. */
  readonly key: string;
  readonly id: string;
  private readonly store: RedisStore;
  private readonly onChange: () => void;
  private readonly onRefusal: () => void;
  private saidAtMs = -Infinity;
  /** Since when Redis has returned lower numbers than `gateways`; Infinity while it does not. */
  private fewerSinceMs = Infinity;

  /** Calls `onChange` when the number of gateways changes, and `onRefusal` when `refusal` does. */
  constructor(store: RedisStore, id: string, onChange: () => void, onRefusal: () => void) {
    this.store = store;
    this.onRefusal = onRefusal;
    this.key = store.key('gateways');
    this.id = id;
    this.onChange = onChange;
  }

  /** Call it whenever the thread is awake anyway, at least once a second: it sends the roll when it is due. */
  async beat(nowMs: number): Promise<void> {
    if (nowMs - this.saidAtMs < (this.refusal === null ? EVERY_MS : REFUSED_EVERY_MS)) return;
    this.saidAtMs = nowMs;
    const count = await this.say('');
    if (count === null) this.fewerSinceMs = Infinity;
    else this.hear(count);
  }

  /** Whether the roll goes with a message that is sent now. If so, the message's script calls the roll, and `hear` must get the result. */
  goesAlong(nowMs: number): boolean {
    if (nowMs - this.saidAtMs < EVERY_MS - EARLY_MS) return false;
    this.saidAtMs = nowMs;
    return true;
  }

  /** Takes the number of gateways that a roll call returned. */
  hear(count: number): void {
    const gateways = Math.max(1, count);
    if (gateways < this.gateways && !this.areFewerForLong()) return;
    this.fewerSinceMs = Infinity;
    if (gateways === this.gateways) return;
    this.gateways = gateways;
    this.onChange();
  }

  private areFewerForLong(): boolean {
    const now = performance.now();
    this.fewerSinceMs = Math.min(this.fewerSinceMs, now);
    return now - this.fewerSinceMs >= FEWER_AFTER_MS;
  }

  /** Takes the code with which a counting script was refused; null when it was not. */
  hearRefusal(code: string | null): void {
    if (code === this.refusal) return;
    this.refusal = code;
    this.onRefusal();
  }

  /** Takes this gateway off the roll. */
  async stop(): Promise<void> {
    this.saidAtMs = Infinity;
    if (this.store.available) await this.say('leave');
  }

  private async say(what: string): Promise<number | null> {
    try {
      const count = await this.store.command('EVAL', script, 1, this.key, this.id, what);
      this.hearRefusal(null);
      return typeof count === 'number' ? count : null;
    } catch (error) {
      const code = refusalCode(error);
      // Because: the store itself reports that it is away.
      if (code !== null) this.hearRefusal(code);
      return null;
    }
  }
}
