// A stack of limits counted in Redis, call by call. In one server, and in one slot of a cluster, one script decides them together;
// where they lie in several slots, each slot takes its part, and when one refuses the others give theirs back.

import type { Feed } from '../../feed.ts';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import type { LimitCall, Limiter } from '../../limiter/limiter-store.ts';
import { keySlot } from '../key-slot.ts';
import type { LocalShare } from '../local-share.ts';
import type { LimitsNews, StoreFailure } from '../store-failure.ts';
import type { ExactLink } from './exact-link.ts';

export interface ExactLimiterParts {
  readonly rules: readonly LimitRule[];
  readonly hashKeys: Int32Array;
  readonly link: ExactLink;
  readonly keyPrefix: string;
  /** Whether keys lie in slots of different servers. */
  readonly isCluster: boolean;
  readonly onFailure: StoreFailure;
  readonly share: LocalShare;
  readonly news: Feed<LimitsNews>;
}

/** Callers that were decided without Redis, and whose use it has to learn; more are forgotten. */
const OWED_MAX = 65_536;

/** What Redis has to learn of a caller. */
interface Owed {
  /** Admitted here and counted nowhere else. */
  units: number;
  /** To the server that knows the rest; one that it was lost to may have forgotten all. */
  connection: object;
}

/** The limits of a call that lie in one slot. */
interface Part {
  readonly slot: number;
  readonly places: number[];
  readonly keys: string[];
  /** What is told along with the call, in the order of the keys; filled when it is sent. */
  readonly told: (Owed | undefined)[];
}

export class ExactLimiter implements Limiter {
  readonly rules: readonly LimitRule[];
  readonly answersAtOnce = false;
  readonly hashKeys: Int32Array;
  private readonly parts: ExactLimiterParts;
  private readonly constants: readonly (readonly (string | number)[])[];
  /** By key, of callers that were decided here while Redis was away. */
  private readonly owed = new Map<string, Owed>();

  constructor(parts: ExactLimiterParts) {
    this.parts = parts;
    this.rules = parts.rules;
    this.hashKeys = parts.hashKeys;
    this.constants = parts.rules.map(({ algorithm, count, perMs, burst }) => [algorithm, count, perMs * 1_000, burst]);
  }

  decide(call: LimitCall): boolean | Promise<boolean> {
    const parts = this.partsOf(call);
    const { link } = this.parts;
    if (parts.some(({ slot }) => link.isAway(slot))) return this.withoutRedis(call, parts);
    const [only] = parts;
    return parts.length === 1 ? this.decideTogether(call, only!) : this.decideApart(call, parts);
  }

  charge(call: LimitCall, limit: number, units: number): void {
    if (units <= 0) return;
    const { link, onFailure, share } = this.parts;
    const key = this.keyOf(call, limit);
    const slot = keySlot(key);
    if (onFailure !== 'closed') share.charge(call, limit, units, this.gateways);
    if (link.isAway(slot)) {
      this.owe(key, slot, units);
      return;
    }
    link.send({
      slot,
      keys: [key],
      values: ['force', ...this.constants[limit]!, units, 0],
      settle: reply => {
        if (reply === null) this.owe(key, slot, units);
      },
      late: () => this.pay(key, units),
    });
  }

  private decideTogether(call: LimitCall, part: Part): Promise<boolean> {
    return this.ask(call, part).then(reply =>
      reply === null ? this.withoutRedis(call, [part]) : this.take(call, part, reply),
    );
  }

  /** One part's reply; null when its server is away. */
  private ask(call: LimitCall, part: Part): Promise<readonly number[] | null> {
    const { slot, keys, places, told } = part;
    return new Promise(resolve => {
      this.parts.link.send({
        slot,
        keys,
        values: this.valuesOf('take', call, part),
        settle: reply => {
          if (reply === null)
            for (const [at, owed] of told.entries()) if (owed) this.owe(keys[at]!, slot, owed.units, owed);
          resolve(reply);
        },
        late: reply => {
          for (const [at, key] of keys.entries())
            this.pay(key, (told[at]?.units ?? 0) + (reply[0]! < 0 ? call.costs[places[at]!]! : 0));
        },
      });
    });
  }

  /** Never admits more than one script would; for a moment another caller may be refused for what is given back. */
  private async decideApart(call: LimitCall, parts: readonly Part[]): Promise<boolean> {
    const replies = await Promise.all(parts.map(part => this.ask(call, part)));
    call.refusedBy = -1;
    let refusedBy = Infinity;
    let isAway = false;
    for (const [at, part] of parts.entries()) {
      const reply = replies[at]!;
      if (reply === null) isAway = true;
      else if (!this.read(call, part, reply)) refusedBy = Math.min(refusedBy, part.places[reply[0]!]!);
    }
    if (!isAway && refusedBy === Infinity) return this.admitted(call);
    for (const [at, part] of parts.entries()) {
      const reply = replies[at]!;
      if (reply === null || reply[0]! >= 0) continue;
      const { slot, keys } = part;
      this.parts.link.send({ slot, keys, values: this.valuesOf('back', call, part), settle: () => {} });
    }
    if (isAway) return this.withoutRedis(call, parts);
    call.refusedBy = refusedBy;
    call.giveBack();
    return false;
  }

  private take(call: LimitCall, part: Part, reply: readonly number[]): boolean {
    const admitted = this.read(call, part, reply);
    if (admitted) {
      call.refusedBy = -1;
      return this.admitted(call);
    }
    call.refusedBy = part.places[reply[0]!]!;
    call.giveBack();
    return false;
  }

  private admitted(call: LimitCall): true {
    if (this.parts.onFailure !== 'closed') this.parts.share.follow(call, this.gateways);
    return true;
  }

  /** Fills the call's places from a reply; whether it admits. */
  private read(call: LimitCall, { places }: Part, reply: readonly number[]): boolean {
    for (const [at, place] of places.entries()) {
      call.remaining[place] = reply[1 + at * 3]!;
      const waitUs = reply[2 + at * 3]!;
      call.waitMs[place] = waitUs < 0 ? Infinity : waitUs / 1_000;
      call.resetMs[place] = reply[3 + at * 3]! / 1_000;
    }
    return reply[0]! < 0;
  }

  /** By choice; what is admitted meanwhile is remembered, so that Redis can be told of it. */
  private withoutRedis(call: LimitCall, parts: readonly Part[]): boolean {
    const { onFailure, share } = this.parts;
    if (onFailure === 'closed') {
      call.refusedBy = -1;
      return false;
    }
    const admitted = share.decide(call, this.gateways);
    const passes = admitted || onFailure === 'open';
    for (const { slot, keys, places } of parts)
      for (const [at, key] of keys.entries()) this.owe(key, slot, passes ? call.costs[places[at]!]! : 0);
    if (admitted || onFailure === 'local') return admitted;
    for (let at = 0; at < this.rules.length; at++) call.waitMs[at] = 0;
    share.follow(call, this.gateways);
    call.refusedBy = -1;
    return true;
  }

  /** Redis is told with the caller's first call behind the outage. `before` is what was on its way to it already. */
  private owe(key: string, slot: number, units: number, before?: Owed): void {
    const { onFailure, link } = this.parts;
    if (onFailure === 'closed') return;
    const there = this.owed.get(key);
    if (there !== undefined) there.units += units;
    else if (this.owed.size < OWED_MAX)
      this.owed.set(key, { units, connection: before?.connection ?? link.connectionOf(slot) });
  }

  /** Redis has counted units after all that were owed to it: its answer came too late for the call, and not for the count. */
  private pay(key: string, units: number): void {
    const owed = this.owed.get(key);
    if (owed !== undefined) owed.units = Math.max(0, owed.units - units);
  }

  /**
   * What Redis has to learn of a caller: what was admitted without it, as far as the caller has not got it back. Not all that he used here, most of
   * which it counted itself: whoever had used half of his limit would have none left after one answer that was late. All of it where the connection
   * was lost, since Redis may have come back empty.
   */
  private owedUnits({ units, connection }: Owed, call: LimitCall, place: number, slot: number): number {
    const { share, link } = this.parts;
    const used = share.used(call, place, this.gateways);
    return connection === link.connectionOf(slot) ? Math.min(units, used) : used;
  }

  private get gateways(): number {
    return this.parts.news.value?.gateways ?? 1;
  }

  private partsOf(call: LimitCall): Part[] {
    const parts: Part[] = [];
    const { isCluster } = this.parts;
    for (let place = 0; place < this.rules.length; place++) {
      const key = this.keyOf(call, place);
      const slot = isCluster ? keySlot(key) : 0;
      const part = parts.find(each => each.slot === slot);
      if (part === undefined) parts.push({ slot, places: [place], keys: [key], told: [] });
      else {
        part.places.push(place);
        part.keys.push(key);
      }
    }
    return parts;
  }

  private keyOf(call: LimitCall, place: number): string {
    const low = call.keys[2 * place]! >>> 0;
    const high = call.keys[2 * place + 1]! >>> 0;
    return `${this.parts.keyPrefix}l:${high.toString(36)}.${low.toString(36)}`;
  }

  private valuesOf(task: 'take' | 'back', call: LimitCall, { slot, places, keys, told }: Part): (string | number)[] {
    const values: (string | number)[] = [task];
    for (const [at, place] of places.entries()) {
      const owed = task === 'take' && this.owed.size > 0 ? this.owed.get(keys[at]!) : undefined;
      values.push(...this.constants[place]!, call.costs[place]!, owed ? this.owedUnits(owed, call, place, slot) : 0);
      if (owed === undefined) continue;
      // Because: of several calls that leave together one tells it.
      this.owed.delete(keys[at]!);
      told[at] = owed;
    }
    return values;
  }
}
