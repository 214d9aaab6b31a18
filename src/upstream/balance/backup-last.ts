// Uses backups only while none of the other endpoints may be picked. Which one is picked on either side is up to that side's balancer.

import { type Balanced, type Balancer, isEligible } from './balanced.ts';

export class BackupLast<E extends Balanced> implements Balancer<E> {
  private readonly others: Balancer<E>;
  private readonly backups: Balancer<E>;

  constructor(others: Balancer<E>, backups: Balancer<E>) {
    this.others = others;
    this.backups = backups;
  }

  pick(hash: number, tried: readonly E[] | null): E | undefined {
    const picked = this.others.pick(hash, tried);
    if (picked !== undefined && isEligible(picked, tried)) return picked;
    const backup = this.backups.pick(hash, tried);
    return backup !== undefined && isEligible(backup, tried) ? backup : (picked ?? backup);
  }
}
