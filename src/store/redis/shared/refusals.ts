// Whether Redis answers but does not count: a script holds it up, its memory is full, it is a replica, or the user may not. For limits this
// is as if Redis were away, and in a cluster each part refuses for itself. Tells workers what is away, whether it refuses or is silent.

import type { StoreSpec } from '../../store-spec.ts';
import type { GatewayRoll } from './gateway-roll.ts';
import type { UseTable } from './use-table.ts';

const SILENT = 'it does not answer';

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

  /** The code with which a single server refuses; null in a cluster, and when it does not refuse. */
  get storeRefusal(): string | null {
    return this.isAlone ? this.roll.refusal : null;
  }

  /** Why a part of a cluster does not count; null when all parts count, as far as they were asked. */
  get partTrouble(): string | null {
    if (this.isAlone) return null;
    return this.table.isAnyPartAway ? this.partReason : this.roll.refusal;
  }

  /** A part has been asked and has counted. */
  partCounted(part: number): void {
    if (!this.isAlone) this.table.setPartAway(part, false);
  }

  /** A part has been asked and has not counted. `code` is that of the refusal; null when there was no answer. */
  partFailed(part: number, code: string | null): void {
    if (this.isAlone) {
      // The server refuses the roll as well. One missing answer does not mean that the server is away.
      if (code !== null) this.roll.hearRefusal(code);
      return;
    }
    // Because: while a slot moves, both of its servers count.
    if (code === 'TRYAGAIN') return;
    this.partReason = code ?? SILENT;
    this.table.setPartAway(part, true);
  }

  /** A part is asked no more until it answers again. */
  partLeft(part: number): void {
    if (this.isAlone) this.table.setAway(true);
    else this.partFailed(part, null);
  }

  /** A part is asked again. */
  partReturned(part: number): void {
    if (this.isAlone) this.table.setAway(false);
    else this.partCounted(part);
  }
}
