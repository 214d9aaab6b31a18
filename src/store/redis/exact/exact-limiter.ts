// A stack of limits counted in Redis, call by call. In a single server, and in one slot of a cluster, one script decides them together;
// limits in several slots are decided slot by slot, and when one slot refuses, the others give their units back.

import type { Feed } from '../../feed.ts';
import { createMeter } from '../../limiter/create-meter.ts';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import type { LimitCall, Limiter } from '../../limiter/limiter-store.ts';
import { keySlot } from '../key-slot.ts';
import type { LimitHashKeys } from '../limit-hash-keys.ts';
import type { LocalShare } from '../local-share.ts';
import type { LimitsNews, StoreFailure } from '../store-failure.ts';
import type { ExactLink, Loss } from './exact-link.ts';
import { OwedUnits } from './owed-units.ts';

export interface ExactLimiterParts {
  readonly rules: readonly LimitRule[];
  readonly hashKeys: Pick<LimitHashKeys, 'words'>;
  readonly link: ExactLink;
  readonly keyPrefix: string;
  /** Whether keys lie in slots, which different servers may hold. */
  readonly isCluster: boolean;
  readonly onFailure: StoreFailure;
  readonly share: LocalShare;
  readonly news: Feed<LimitsNews>;
}

/** Most callers that were decided without Redis and whose use Redis still has to learn; the use of more is forgotten. */
const OWED_MAX = 65_536;

/** Most callers whose whole use here is reported to Redis after a loss; that of more is not. */
const REPORTED_MAX = 65_536;

/** What is reported to Redis with a call, besides the cost. */
interface Reported {
  /** Units admitted here and counted nowhere else; undefined when there are none. */
  readonly owed: number | undefined;
  /** The loss after which the whole use here was reported, from which Redis restores what it may have lost; null when it was not. */
  readonly loss: Loss | null;
}

/** The limits of a call that lie in one slot. */
interface Part {
  readonly slot: number;
  readonly places: number[];
  readonly keys: string[];
  /** What is reported with the call, in the order of the keys; filled when the call is sent. */
  readonly reported: Reported[];
}

export class ExactLimiter implements Limiter {
  readonly rules: readonly LimitRule[];
  readonly answersAtOnce = false;
  private readonly parts: ExactLimiterParts;
  /** Of each rule, what the script needs and never changes: algorithm, count, period in us, burst. */
  private readonly constants: readonly (readonly (string | number)[])[];
  /** By key, for callers that were decided here while Redis was away: units that were admitted and are counted nowhere else. */
  private readonly owed: OwedUnits;
  /** The keys whose whole use was reported after a loss. They are forgotten with it: the link keeps the last loss of each server only. */
  private readonly reportedByLoss = new WeakMap<Loss, Set<string>>();

  constructor(parts: ExactLimiterParts) {
    this.parts = parts;
    this.rules = parts.rules;
    this.constants = parts.rules.map(({ algorithm, count, perMs, burst }) => [algorithm, count, perMs * 1_000, burst]);
    // Time after which a caller has got everything back, in each of the limits.
    const recoveryMs = Math.max(...parts.rules.map(rule => createMeter(rule).recoveryMs));
    this.owed = new OwedUnits(OWED_MAX, recoveryMs);
  }

  get hashKeys(): Int32Array {
    return this.parts.hashKeys.words;
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
      this.owe(key, units);
      return;
    }
    link.send({
      slot,
      keys: [key],
      values: ['force', 0, ...this.constants[limit]!, units, 0, 0],
      settle: reply => {
        if (reply === null) this.owe(key, units);
      },
      late: () => this.owed.subtract(key, units),
    });
  }

  private decideTogether(call: LimitCall, part: Part): Promise<boolean> {
    return this.ask(call, part).then(reply =>
      reply === null ? this.withoutRedis(call, [part]) : this.take(call, part, reply),
    );
  }

  /** Asks for one part; null when its server is away. */
  private ask(call: LimitCall, part: Part): Promise<readonly number[] | null> {
    const { slot, keys, places, reported } = part;
    return new Promise(resolve => {
      this.parts.link.send({
        slot,
        keys,
        values: this.valuesOf('take', call, part),
        settle: reply => {
          if (reply === null) for (const [at, what] of reported.entries()) this.noteAgain(keys[at]!, what);
          resolve(reply);
        },
        late: reply => {
          for (const [at, key] of keys.entries()) {
            const { owed, loss } = reported[at]!;
            this.owed.subtract(key, (owed ?? 0) + (reply[0]! < 0 ? call.costs[places[at]!]! : 0));
            if (loss !== null) this.reportedAfter(loss).add(key);
          }
        },
      });
    });
  }

  /** Never admits more than one script would; until units are given back, another caller may be refused because of them. */
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
    call.correctFigures(this.rules);
    return false;
  }

  private take(call: LimitCall, part: Part, reply: readonly number[]): boolean {
    const admitted = this.read(call, part, reply);
    if (admitted) {
      call.refusedBy = -1;
      return this.admitted(call);
    }
    call.refusedBy = part.places[reply[0]!]!;
    call.correctFigures(this.rules);
    return false;
  }

  private admitted(call: LimitCall): true {
    if (this.parts.onFailure !== 'closed') this.parts.share.follow(call, this.gateways);
    return true;
  }

  /** Fills in the call's figures from a reply. Returns whether the reply admits. */
  private read(call: LimitCall, { places }: Part, reply: readonly number[]): boolean {
    for (const [at, place] of places.entries()) {
      call.remaining[place] = reply[1 + at * 3]!;
      const waitUs = reply[2 + at * 3]!;
      call.waitMs[place] = waitUs < 0 ? Infinity : waitUs / 1_000;
      call.resetMs[place] = reply[3 + at * 3]! / 1_000;
    }
    return reply[0]! < 0;
  }

  /** Decides as `onFailure` says; remembers what is admitted, so that it can be reported to Redis later. */
  private withoutRedis(call: LimitCall, parts: readonly Part[]): boolean {
    const { onFailure, share } = this.parts;
    call.isCounted = onFailure === 'local';
    if (onFailure === 'closed') {
      call.refusedBy = -1;
      return false;
    }
    const admitted = share.decide(call, this.gateways);
    const passes = admitted || onFailure === 'open';
    for (const { keys, places } of parts)
      for (const [at, key] of keys.entries()) this.owe(key, passes ? call.costs[places[at]!]! : 0);
    if (admitted || onFailure === 'local') return admitted;
    share.follow(call, this.gateways);
    call.refusedBy = -1;
    return true;
  }

  /** Notes units that are reported to Redis with the caller's first call after the outage. */
  private owe(key: string, units: number): void {
    if (this.parts.onFailure !== 'closed') this.owed.add(key, units, performance.now());
  }

  /** Notes again what was reported with a call that Redis, as far as is known, did not receive. */
  private noteAgain(key: string, { owed, loss }: Reported): void {
    if (owed !== undefined) this.owe(key, owed);
    if (loss !== null) this.reportedAfter(loss).delete(key);
  }

  /**
   * The loss after which to report all that this caller used here, with this call; null for none. It is reported with the first call after
   * each loss, since Redis may have come back empty. The script sees whether it has. Adding the use to a Redis that lost nothing would
   * count it twice: after a cut connection, a caller who had used half of the limit would have none left.
   */
  private lossToReportAfter(key: string, slot: number): Loss | null {
    const loss = this.parts.link.lossOf(slot);
    if (loss === null || this.parts.onFailure === 'closed') return null;
    const reported = this.reportedAfter(loss);
    if (reported.size >= REPORTED_MAX || reported.has(key)) return null;
    reported.add(key);
    return loss;
  }

  private reportedAfter(loss: Loss): Set<string> {
    const there = this.reportedByLoss.get(loss);
    if (there !== undefined) return there;
    const reported = new Set<string>();
    this.reportedByLoss.set(loss, reported);
    return reported;
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
      if (part === undefined) parts.push({ slot, places: [place], keys: [key], reported: [] });
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

  private valuesOf(
    task: 'take' | 'back',
    call: LimitCall,
    { slot, places, keys, reported }: Part,
  ): (string | number)[] {
    const { isCluster, link, share } = this.parts;
    // Because: in a cluster a key may have come from another server, and then its age says nothing of when this server was lost.
    const values: (string | number)[] = [task, isCluster ? Number.MAX_SAFE_INTEGER : (link.lossOf(slot)?.heardUs ?? 0)];
    for (const [at, place] of places.entries()) {
      const key = keys[at]!;
      const isCall = task === 'take';
      const owed = isCall && !this.owed.isEmpty ? this.owed.of(key) : undefined;
      const loss = isCall ? this.lossToReportAfter(key, slot) : null;
      // Only what the caller has not got back yet.
      const used = owed !== undefined || loss !== null ? share.used(call, place) : 0;
      values.push(...this.constants[place]!, call.costs[place]!, Math.min(owed ?? 0, used), loss === null ? 0 : used);
      if (!isCall) continue;
      // Because: of several calls that leave together, only one reports it.
      if (owed !== undefined) this.owed.delete(key);
      reported[at] = { owed, loss };
    }
    return values;
  }
}
