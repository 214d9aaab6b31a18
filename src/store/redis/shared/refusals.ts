// Whether Redis answers and counts nothing all the same: a script holds it up, its memory is full, it is a replica, or the user may not. For the
// limits that is as if it were away. Of a cluster each part is so for itself, and also where its server does not answer.

import type { StoreSpec } from '../../store-spec.ts';
import type { GatewayRoll } from './gateway-roll.ts';
import type { UseTable } from './use-table.ts';

export class Refusals {
  private readonly roll: GatewayRoll;
  private readonly table: UseTable;
  private readonly isAlone: boolean;
  private partReason = '';

  constructor(roll: GatewayRoll, kind: StoreSpec['kind'], table: UseTable) {
    this.roll = roll;
    this.isAlone = kind === 'redis';
    this.table = table;
  }

  /** By what code a server that stands alone refuses. */
  get ofAll(): string | null {
    return this.isAlone ? this.roll.refusal : null;
  }

  /** Why some of a cluster does not count; null when all does, as far as it was asked. */
  get ofSome(): string | null {
    if (this.isAlone) return null;
    return this.table.isAnyPartAway ? this.partReason : this.roll.refusal;
  }

  /** A part was asked, and has counted. */
  counts(part: number): void {
    if (!this.isAlone) this.table.setPartAway(part, false);
  }

  /** A part was asked, and has not: the code by which it was refused, null where there was no answer. */
  countsNot(part: number, code: string | null): void {
    if (this.isAlone) {
      // It refuses the roll as well. Whether it is away is not said by one answer that does not come.
      if (code !== null) this.roll.hearRefusal(code);
      return;
    }
    // Because: while a slot moves, both of its servers count.
    if (code === 'TRYAGAIN') return;
    this.partReason = code ?? 'it does not answer';
    this.table.setPartAway(part, true);
  }
}
