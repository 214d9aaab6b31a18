// Which gateways count in one Redis: each says every second that it is alive, and learns how many do. While Redis is away the last
// number stands.

import type { RedisStore } from '../redis-store.ts';

const EVERY_MS = 1_000;
/** What comes a little early is in time: the thread is awake now, and would have to be woken again. */
const EARLY_MS = 250;
/** Who was not heard of for so long is gone. */
const GONE_AFTER_MS = 5_000;

const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] == 'leave' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], now, ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`;

export class GatewayRoll {
  /** Alive when Redis was heard last, this one included. */
  gateways = 1;
  private readonly store: RedisStore;
  private readonly id: string;
  private readonly onChange: () => void;
  private saidAtMs = -Infinity;

  /** `onChange` hears of each other number. */
  constructor(store: RedisStore, id: string, onChange: () => void) {
    this.store = store;
    this.id = id;
    this.onChange = onChange;
  }

  /** To be called whenever the thread is awake anyhow, at least once a second: says it where it is time. */
  async beat(nowMs: number): Promise<void> {
    if (nowMs - this.saidAtMs < EVERY_MS - EARLY_MS) return;
    this.saidAtMs = nowMs;
    const count = await this.say('');
    if (count === null || count === this.gateways) return;
    this.gateways = count;
    this.onChange();
  }

  /** Takes this gateway off the roll. */
  async stop(): Promise<void> {
    this.saidAtMs = Infinity;
    if (this.store.available) await this.say('leave');
  }

  private async say(what: string): Promise<number | null> {
    try {
      const count = await this.store.command(
        'EVAL',
        script,
        1,
        this.store.key('gateways'),
        this.id,
        GONE_AFTER_MS,
        what,
      );
      return typeof count === 'number' ? Math.max(1, count) : null;
    } catch {
      return null;
    }
  }
}
