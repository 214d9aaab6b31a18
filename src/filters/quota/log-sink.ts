// Writes metering to the operator's log.

import type { WorkerServices } from '../../exchange/worker-services.ts';
import type { MeteredUse, MeteringSink } from './metering.ts';

export class LogSink implements MeteringSink {
  private readonly worker: Pick<WorkerServices, 'log'>;
  private readonly tellsUse: boolean;

  /** `tellsUse` says whether to log every use, and not only the thresholds that it passes. */
  constructor(worker: Pick<WorkerServices, 'log'>, tellsUse: boolean) {
    this.worker = worker;
    this.tellsUse = tellsUse;
  }

  used(use: MeteredUse): void {
    if (this.tellsUse) this.worker.log('info', 'quota used', { ...use }, true);
  }

  passed(use: MeteredUse, share: number): void {
    const isAll = share >= 1;
    const fields = { ...use, percent: Math.round(share * 100) };
    this.worker.log(isAll ? 'warn' : 'info', isAll ? 'quota used up' : 'quota nearly used up', fields, true);
  }
}
