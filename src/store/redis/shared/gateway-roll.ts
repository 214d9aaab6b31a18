// Which gateways count in one Redis: each says every second that it is alive, and learns how many do. While Redis is away the last
// number stands.

import type { RedisStore } from '../redis-store.ts';
import { refusalCode } from '../refusal-code.ts';

const EVERY_MS = 1_000;
/** While it is refused: limits wait for it. */
const REFUSED_EVERY_MS = 250;
/** With a round that has callers to tell it goes a little early: a message of its own costs as much as the round. */
const EARLY_MS = 250;
/** Who was not heard of for so long is gone. */
const GONE_AFTER_MS = 5_000;

/** A function for scripts that call the roll: says that a gateway is alive, or leaves, and gives how many there are. */
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
  /** Alive when Redis was heard last, this one included. */
  gateways = 1;
  /** By what code Redis, which answers, refuses the script, as it refuses those that count; null when it does not. */
  refusal: string | null = null;
  /** What a script needs beside `rollCall`. */
  readonly key: string;
  readonly id: string;
  private readonly store: RedisStore;
  private readonly onChange: () => void;
  private readonly onRefusal: () => void;
  private saidAtMs = -Infinity;

  /** `onChange` hears of each other number, `onRefusal` of each other `refusal`. */
  constructor(store: RedisStore, id: string, onChange: () => void, onRefusal: () => void) {
    this.store = store;
    this.onRefusal = onRefusal;
    this.key = store.key('gateways');
    this.id = id;
    this.onChange = onChange;
  }

  /** To be called whenever the thread is awake anyhow, at least once a second: says it where it is time. */
  async beat(nowMs: number): Promise<void> {
    if (nowMs - this.saidAtMs < (this.refusal === null ? EVERY_MS : REFUSED_EVERY_MS)) return;
    this.saidAtMs = nowMs;
    const count = await this.say('');
    if (count !== null) this.hear(count);
  }

  /** Whether it goes along with a message that is sent now; then its script calls the roll, and `hear` is told what comes of it. */
  goesAlong(nowMs: number): boolean {
    if (nowMs - this.saidAtMs < EVERY_MS - EARLY_MS) return false;
    this.saidAtMs = nowMs;
    return true;
  }

  /** So many are alive. */
  hear(count: number): void {
    const gateways = Math.max(1, count);
    if (gateways === this.gateways) return;
    this.gateways = gateways;
    this.onChange();
  }

  /** A script that counts was refused, or was not. */
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
      // Because: of a store that is away others tell.
      if (code !== null) this.hearRefusal(code);
      return null;
    }
  }
}
