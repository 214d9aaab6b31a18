// The full policy in HAProxy's configuration: jwt_verify, a stick-table by subject, and its log. Remembers no tokens.

import { audience, issuer, publicKeyFile } from '../backend/tokens.ts';
import type { Policy } from '../peer.ts';

/**
 * Directives for the frontend. Log lines go to a ring in memory, which is the cheapest place that HAProxy has: a syslog server or a file
 * would cost a system call for each line.
 */
export function haproxyPolicy({ kind, perMinute }: Policy, folder: string): string {
  if (kind !== 'jwt') throw new Error(`HAProxy is not configured for ${kind}`);
  return `log ring@requests format raw local0
  log-format '{"time":"%tr","client":"%ci","method":"%HM","path":"%[var(txn.path),json(utf8s)]","subject":"%[var(txn.sub),json(utf8s)]","upstream":"%b","endpoint":"%s","status":%ST,"bytesIn":%U,"bytesOut":%B,"totalMs":%Ta,"upstreamMs":%Tr}'
  http-request set-var(txn.path) path
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless { var(txn.bearer) -m found }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_header_query('$.alg') -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify("RS256","${folder}/${publicKeyFile}") -m int 1 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_payload_query('$.iss') -m str ${issuer} }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_payload_query('$.aud') -m str ${audience} }
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_payload_query('$.exp','int'),sub(txn.now) -m int gt 0 }
  http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
  http-request deny deny_status 401 unless { var(txn.sub) -m found }
  ${perMinute === null ? '' : `http-request track-sc0 var(txn.sub) table subjects\n  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${perMinute} }`}`;
}

/** The sections beside the backends. */
export const haproxyPolicyTable = `backend subjects
  stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
ring requests
  format raw
  maxlen 1200
  size 1048576
`;
