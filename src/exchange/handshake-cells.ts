// The cells in which failed TLS handshakes are counted, by reason.

import type { HandshakeFailure } from '../net/tls/server-tls.ts';
import { WorkerCell } from '../telemetry/metric-families.ts';

export const failureCells: Readonly<Record<HandshakeFailure | 'aborted', number>> = {
  aborted: WorkerCell.tlsAborted,
  failed: WorkerCell.tlsFailed,
  timeout: WorkerCell.tlsTimeout,
  no_protocol: WorkerCell.tlsNoProtocol,
  too_many: WorkerCell.tlsRefused,
  certificate_rejected: WorkerCell.tlsCertificateRejected,
};
