// Counts an exchange for the version that it got, if its route compares two.

import { NO_VERSION, recordVersion } from '../telemetry/canary-cells.ts';
import type { Exchange } from './exchange.ts';
import { isCallersTime } from './outcome.ts';

/** Counts an exchange with a version at its end. What the client or the gateway itself broke off, or the client held up, does not count for a version. */
export function countVersion(exchange: Exchange): void {
  const { services, versionCellsAt, fault, response, firstByteAt } = exchange;
  if (fault !== null && (fault.kind.source !== 'upstream' || isCallersTime(exchange, fault))) return;
  if (fault === null && !exchange.responseStarted) return;
  const failed = fault !== null || response!.status >= 500;
  const until = firstByteAt === 0 ? services.io.clock.now : firstByteAt;
  recordVersion(services.cells, versionCellsAt, failed, until - exchange.startedAt);
}

/** Counts a failure of a version that could not be used: the response that the caller gets instead is not that version's. */
export function countVersionAsFailed(exchange: Exchange): void {
  if (exchange.versionCellsAt === NO_VERSION) return;
  const { services, versionCellsAt, startedAt } = exchange;
  exchange.versionCellsAt = NO_VERSION;
  recordVersion(services.cells, versionCellsAt, true, services.io.clock.now - startedAt);
}
