// What can go wrong with an exchange: one table of codes, and the value that carries a code. Never thrown on the hot path.

/** Where the cause lies: with the client, with the backend, or in the gateway and its configuration. */
export type FaultSource = 'downstream' | 'upstream' | 'gateway';

/** Whether another attempt may help. `if-reused` means only when the connection had already served a request. */
export type FaultRetry = 'yes' | 'no' | 'if-reused';

export interface FaultKind {
  readonly status: number;
  readonly title: string;
  readonly source: FaultSource;
  readonly retry: FaultRetry;
  /** The error type in the Proxy-Status header (RFC 9209 section 2.3); empty when none fits. */
  readonly proxyStatus: string;
  /** What the fault means and what to do about it. Shown in docs/errors.md. */
  readonly meaning: string;
}

function downstream(status: number, title: string, meaning: string, proxyStatus = 'http_request_error'): FaultKind {
  return { status, title, source: 'downstream', retry: 'no', proxyStatus, meaning };
}

function upstream(status: number, title: string, retry: FaultRetry, proxyStatus: string, meaning: string): FaultKind {
  return { status, title, source: 'upstream', retry, proxyStatus, meaning };
}

function gateway(status: number, title: string, proxyStatus: string, meaning: string): FaultKind {
  return { status, title, source: 'gateway', retry: 'no', proxyStatus, meaning };
}

/** Every code that a refusal can carry. The keys are stable: clients and dashboards depend on them. */
export const faultKinds = {
  malformed_request_line: downstream(400, 'Malformed request line', 'The first line is not `METHOD target HTTP/1.1`.'),
  malformed_target: downstream(
    400,
    'Malformed request target',
    'The target contains a fragment, a control byte, a byte outside ASCII or broken percent-encoding.',
  ),
  ambiguous_path: downstream(
    400,
    'Ambiguous path',
    'Two servers could read the path differently: it contains an encoded slash, backslash or NUL, an empty segment, `..;`, or more `..` than segments. See `paths` in the configuration.',
  ),
  unsupported_version: downstream(
    505,
    'HTTP version not supported',
    'This listener accepts only HTTP/1.0 and HTTP/1.1.',
  ),
  malformed_header: downstream(
    400,
    'Malformed header',
    'A header line violates the grammar of RFC 9110 section 5: an invalid byte, white space before the colon, a folded line, an empty name. Or a well-known name is written with `_` for `-`, which some servers treat as the same.',
  ),
  malformed_pseudo_header: downstream(
    400,
    'Malformed pseudo-header',
    'A pseudo-header field of HTTP/2 is missing, empty, unknown, given twice, or after a regular field (RFC 9113 section 8.3). The stream is reset.',
  ),
  connection_header: downstream(
    400,
    'Connection header in HTTP/2',
    'A header field that only HTTP/1 connections may have: Connection, Keep-Alive, Transfer-Encoding, Upgrade, or TE with anything but `trailers` (RFC 9113 section 8.2.2). The stream is reset.',
  ),
  bare_line_ending: downstream(
    400,
    'Bare line ending',
    'A CR without LF or a LF without CR. Lines end with CRLF (RFC 9112 section 2.2).',
  ),
  invalid_content_length: downstream(
    400,
    'Invalid Content-Length',
    'Content-Length is not one plain decimal number, or is given twice.',
  ),
  conflicting_length: downstream(
    400,
    'Conflicting message length',
    'Content-Length and Transfer-Encoding are both present (RFC 9112 section 6.3).',
  ),
  unsupported_transfer_coding: downstream(
    400,
    'Unsupported transfer coding',
    'Transfer-Encoding is not exactly `chunked`, or the message is HTTP/1.0.',
  ),
  malformed_chunk: downstream(
    400,
    'Malformed chunk',
    'A chunk size, chunk extension, chunk end or trailer violates RFC 9112 section 7.1.',
  ),
  invalid_host: downstream(
    400,
    'Invalid Host',
    'Host is missing, given twice, malformed, or differs from an absolute target.',
  ),
  invalid_upgrade: downstream(400, 'Invalid upgrade', 'A request with Upgrade has a body.'),
  expectation_failed: downstream(417, 'Expectation failed', 'Expect is something other than `100-continue`.'),
  method_not_implemented: downstream(
    501,
    'Method not implemented',
    'The method is CONNECT, or one that the gateway does not know. Methods are case-sensitive: `GET`, not `get`.',
  ),
  uri_too_long: downstream(414, 'URI too long', 'The request line is longer than `limits.requestLine`.'),
  header_too_large: downstream(
    431,
    'Header fields too large',
    'The head is larger than `limits.headerBytes` or has more fields than `limits.headerCount`.',
  ),
  body_too_large: downstream(
    413,
    'Content too large',
    'The body is larger than `limits.body`, or than `max` of the route’s `bodyLimit` filter.',
  ),
  malformed_body: downstream(
    400,
    'Malformed body',
    'The body is not what its Content-Type says.',
    'http_request_error',
  ),
  header_timeout: downstream(
    408,
    'Request timeout',
    'The head did not arrive within `limits.headerTimeout`.',
    'http_request_error',
  ),
  body_timeout: downstream(
    408,
    'Request timeout',
    'The body did not arrive in time: `limits.bodyTimeout` or `limits.minimumRate`.',
    'http_request_error',
  ),
  malformed_proxy_header: downstream(
    400,
    'Malformed PROXY header',
    'The connection did not begin with a valid PROXY protocol header within `limits.headerTimeout`, and was closed without a response. Appears only in logs and metrics.',
  ),
  client_aborted: downstream(
    499,
    'Client closed the connection',
    'The client closed the connection before the response was complete. Appears only in logs.',
    '',
  ),
  drain_timeout: gateway(
    503,
    'Cut off when the gateway stopped',
    '',
    'The gateway was stopping, and the response was not complete within `drainTimeout`, so the client’s connection was closed. Appears only in logs.',
  ),
  credentials_missing: downstream(
    401,
    'Credentials missing',
    'The route requires credentials, and the request has none.',
    'http_request_denied',
  ),
  credentials_invalid: downstream(
    401,
    'Credentials invalid',
    'The credentials of the request are not valid. The reason is in the gateway’s metrics; callers do not learn it.',
    'http_request_denied',
  ),
  too_many_failed_logins: downstream(
    429,
    'Too many failed logins',
    'This address has tried too many wrong credentials; `Retry-After` says when it may try again. See `failedLogins` of the filter.',
    'http_request_denied',
  ),
  body_digest_mismatch: downstream(
    400,
    'Body digest mismatch',
    'The body does not match its signature or digest. The upstream did not receive all of it.',
    'http_request_denied',
  ),
  access_denied: downstream(
    403,
    'Access denied',
    'The caller is not allowed to use this route.',
    'http_request_denied',
  ),
  rate_limited: downstream(429, 'Too many requests', 'The caller has exceeded its rate limit.', 'http_request_denied'),
  quota_exceeded: downstream(
    429,
    'Quota exceeded',
    'The caller has used up its quota for the day, week or month. `Retry-After` says when the next period begins.',
    'http_request_denied',
  ),

  idempotency_key_missing: downstream(
    400,
    'Idempotency key missing',
    'The route requires an `Idempotency-Key` of 1 to 255 characters, and the request has none.',
  ),
  idempotency_key_reused: downstream(
    422,
    'Idempotency key reused',
    'The same caller has already sent this `Idempotency-Key` with a different request. A new request needs a new key.',
  ),
  idempotency_conflict: downstream(
    409,
    'Request in progress',
    'A request with this `Idempotency-Key` is in progress, or its client disconnected before the response came. `Retry-After` says when to try again.',
  ),

  route_not_found: gateway(404, 'No route', 'destination_not_found', 'No route matches this host and path.'),
  answer_not_found: gateway(
    404,
    'No such response',
    'destination_not_found',
    'No response is kept under this URL for this caller: the URL is unknown, the response belongs to another caller, or `async.keep` is over.',
  ),
  answer_not_kept: gateway(
    502,
    'Response not kept',
    'http_response_incomplete',
    'The upstream’s response to a deferred request was larger than `async.size`, or broke off in the middle.',
  ),
  answer_lost: gateway(
    502,
    'Response lost',
    'http_response_incomplete',
    'The worker or gateway that waited for the response to a deferred request is gone. It is unknown whether the upstream executed the request.',
  ),
  answers_unavailable: gateway(
    503,
    'Responses unavailable',
    'proxy_internal_error',
    'The store that `async.store` names is not reachable, so it is unknown whether the response is there. `Retry-After` says when to try again.',
  ),
  method_not_allowed: gateway(
    405,
    'Method not allowed',
    'http_request_denied',
    'Routes match this path, but not this method. `Allow` lists the methods that match.',
  ),
  identity_unavailable: gateway(
    503,
    'Identity cannot be verified',
    'proxy_internal_error',
    'Something that is needed to verify credentials is not available at the moment: the issuer’s keys, its introspection endpoint, a key store. No request passes unverified.',
  ),
  session_too_large: gateway(
    500,
    'Session too large',
    'proxy_internal_error',
    'What the provider says of this user does not fit into cookies, so there is no login. Name a `session.store` in the `oidc` filter, or let the provider put less into its tokens.',
  ),
  limits_unavailable: gateway(
    503,
    'Limits unavailable',
    'proxy_internal_error',
    'The store that counts what callers use is not reachable, and the filter’s `onStoreFailure` is `closed`.',
  ),
  idempotency_full: gateway(
    503,
    'No room for idempotency keys',
    'proxy_internal_error',
    'Too many requests with an `Idempotency-Key` are in progress; see `memory` of the filter. Nothing was sent upstream.',
  ),
  filter_failed: gateway(
    500,
    'Filter failed',
    'proxy_internal_error',
    'A filter threw an error. The log has the details.',
  ),
  internal_error: gateway(
    500,
    'Internal error',
    'proxy_internal_error',
    'An error in the gateway itself. The log has the details.',
  ),

  concurrency_limited: gateway(
    503,
    'Too many requests in progress',
    'connection_limit_reached',
    'As many requests as `concurrency` allows are in progress, and its queue is full. `Retry-After` says when to try again.',
  ),
  queue_timeout: gateway(
    503,
    'Waited too long',
    'connection_limit_reached',
    'The request waited for `concurrency.queueTimeout` and was not sent. `Retry-After` says when to try again.',
  ),
  descriptors_exhausted: gateway(
    503,
    'Gateway out of file descriptors',
    'connection_limit_reached',
    'The gateway has no file descriptor left for a connection to the endpoint. Give it more (`LimitNOFILE`, `ulimit -n`), or allow it fewer connections.',
  ),
  overloaded: gateway(
    503,
    'Gateway overloaded',
    'proxy_internal_error',
    'The gateway is overloaded and refuses requests, beginning with routes of the lowest `priority`. `Retry-After` says when to try again.',
  ),

  upstream_unavailable: upstream(
    503,
    'Upstream unavailable',
    'no',
    'destination_unavailable',
    'The upstream has no endpoint that may be used.',
  ),
  upstream_circuit_open: upstream(
    503,
    'Upstream circuit open',
    'no',
    'destination_unavailable',
    'The upstream failed too often, so its circuit breaker sends it nothing for a while. `Retry-After` says when it will be tried again.',
  ),
  upstream_queue_full: upstream(
    503,
    'Upstream queue full',
    'no',
    'connection_limit_reached',
    'All connections are busy, and `pool.maxPending` requests are already waiting.',
  ),
  upstream_connect_failed: upstream(
    503,
    'Upstream connection failed',
    'yes',
    'connection_refused',
    'No connection to the endpoint could be opened. The gateway’s log says why.',
  ),
  upstream_connect_timeout: upstream(
    504,
    'Upstream connection timeout',
    'yes',
    'connection_timeout',
    'The endpoint did not accept a connection within `pool.connectTimeout`.',
  ),
  upstream_tls_failed: upstream(
    502,
    'Upstream TLS failed',
    'yes',
    'tls_protocol_error',
    'The endpoint’s certificate was not accepted, or the TLS handshake with it failed. The gateway’s log says why.',
  ),
  upstream_reset: upstream(
    502,
    'Upstream connection closed',
    'if-reused',
    'connection_terminated',
    'The endpoint closed the connection before its response was complete.',
  ),
  upstream_stream_refused: upstream(
    502,
    'Upstream refused the stream',
    'yes',
    'connection_terminated',
    'The endpoint refused the request without processing it (HTTP/2 REFUSED_STREAM or GOAWAY), and so did the others that were tried.',
  ),
  upstream_response_timeout: upstream(
    504,
    'Upstream response timeout',
    'no',
    'http_response_timeout',
    'The first byte of the response did not arrive within `responseTimeout`.',
  ),
  upstream_idle_timeout: upstream(
    504,
    'Upstream idle timeout',
    'no',
    'connection_read_timeout',
    'The endpoint sent nothing for `idleTimeout` in the middle of its response, or neither end of a tunnel sent anything for `tunnelIdleTimeout`.',
  ),
  exchange_timeout: upstream(
    504,
    'Exchange timeout',
    'no',
    'http_response_timeout',
    'The exchange was not complete within `timeout`.',
  ),
  upstream_malformed_response: upstream(
    502,
    'Malformed upstream response',
    'no',
    'http_protocol_error',
    'The endpoint’s response violates the HTTP grammar or is ambiguous, so it was not passed on. The gateway’s log says what is wrong with it.',
  ),
  upstream_response_too_large: upstream(
    502,
    'Upstream response head too large',
    'no',
    'http_response_header_section_size',
    'The head of the response is larger than `limits.headerBytes`, or has more fields than `limits.headerCount`.',
  ),
  upstream_upgrade_refused: upstream(
    502,
    'Upgrade failed',
    'no',
    'http_upgrade_failed',
    'The endpoint switched protocols without being asked to, or to a protocol that the client did not ask for; or its `Sec-WebSocket-Accept` is wrong (checked for HTTP/2 clients, HTTP/1.1 clients check it themselves); or it speaks HTTP/2 and does not support tunnels (RFC 8441).',
  ),
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faultKinds;

/** One fault of an exchange. `detail` may be shown to the client; `cause` is for the log only. */
export class Fault {
  readonly code: FaultCode;
  readonly kind: FaultKind;
  readonly detail: string;
  readonly cause: string;

  constructor(code: FaultCode, detail = '', cause = '') {
    this.code = code;
    this.kind = faultKinds[code];
    this.detail = detail;
    this.cause = cause;
  }

  /** True when no response can reach the client any more: its connection is gone, or the gateway cut it. */
  get cannotBeAnswered(): boolean {
    return this.code === 'client_aborted' || this.code === 'drain_timeout';
  }
}
