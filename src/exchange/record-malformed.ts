// Counts and logs a message that could not be read as a request: there was no exchange, and what the message asked for is not known.

import type { Fault } from '../base/fault.ts';
import type { Client } from '../net/client.ts';
import {
  type AccessFields,
  accessLineBytesMax,
  clientPart,
  emptyAccessFields,
  writeAccessLine,
} from '../telemetry/access-line.ts';
import { refusalCell } from '../telemetry/metric-families.ts';
import type { ExchangeServices } from './services.ts';

/** `bytesOut` is the size of the refusal; `protocol` is empty when none was spoken yet. */
export function recordMalformed(
  { cells, workerMetricsOffset, accessLog }: Pick<ExchangeServices, 'cells' | 'workerMetricsOffset' | 'accessLog'>,
  client: Client,
  fault: Fault,
  requestId: string,
  bytesOut: number,
  protocol = 'HTTP/1.1',
): void {
  cells[workerMetricsOffset + refusalCell[fault.code]]!++;
  if (!accessLog.enabled) return;
  const fields: AccessFields = {
    ...emptyAccessFields(),
    // Because: this is wall-clock time, and malformed messages are not the hot path.
    timeMs: Date.now(),
    requestId,
    clientPart: client.logPart === '' ? clientPart(client.ip) : client.logPart,
    status: fault.kind.status,
    code: fault.code,
    bytesOut,
    // It has no duration: it was not a request.
    durationMs: 0,
    upstreamMs: 0,
    overheadMs: 0,
    protocol,
  };
  const bytes = accessLog.reserve(accessLineBytesMax(fields));
  if (bytes !== null) accessLog.commit(writeAccessLine(bytes, accessLog.position, fields));
}
