// Whether Redis answers and counts nothing all the same: a script holds it up, its memory is full, it is a replica, or the user may not. For the
// limits that is as if it were away. Of a cluster it is so when the roll and all that was asked in the last round were refused.

import type { StoreSpec } from '../../store-spec.ts';
import type { GatewayRoll } from './gateway-roll.ts';

export class Refusals {
  private readonly roll: GatewayRoll;
  private readonly isAlone: boolean;
  private asked = 0;
  private refused = 0;

  constructor(roll: GatewayRoll, kind: StoreSpec['kind']) {
    this.roll = roll;
    this.isAlone = kind === 'redis';
  }

  get areAll(): boolean {
    return this.roll.refusal !== null && (this.isAlone || (this.asked > 0 && this.refused === this.asked));
  }

  begin(): void {
    this.asked = 0;
    this.refused = 0;
  }

  ask(): void {
    this.asked++;
  }

  note(code: string): void {
    this.refused++;
    // One that stands alone refuses the roll as well.
    if (this.isAlone) this.roll.hearRefusal(code);
  }
}
