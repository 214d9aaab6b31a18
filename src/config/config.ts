// The checked configuration as every later stage sees it: defaults filled in, units resolved to numbers. Shapes only. A folder that uses a
// part of the configuration declares the shape it needs, because it may not import this one; test/architecture/equal-shapes.ts keeps the
// two equal. How a document becomes a configuration is in load.ts and the schemas beside it.

import type { PartKey } from '../base/schema/place-problem.ts';
import type { RouteAdmissionConfig, SheddingConfig, UpstreamAdmissionConfig } from './admission-config.ts';
import type { AuditConfig } from './audit-config.ts';
import type { DiscoverConfig } from './discover-config.ts';
import type { ResilienceConfig, RouteResilienceConfig } from './resilience-config.ts';
import type { RouteRolloutConfig } from './rollout-config.ts';
import type { StoreConfig } from './store-config.ts';

/** Durations are in milliseconds, sizes in bytes, shares from 0 to 1: units are resolved when the document is read. */
export interface Config {
  /** Hex SHA-256 of everything that was read, including the include files. */
  readonly version: string;
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig;
  readonly accessLog: AccessLogConfig;
  readonly drainTimeoutMs: number;
  readonly limits: LimitsConfig;
  readonly paths: PathsConfig;
  readonly metrics: MetricsConfig;
  readonly shedding: SheddingConfig;
  /** The pages of the gateway's own refusals. A route may have its own. */
  readonly errorPages?: ErrorPagesConfig | undefined;
  /** The files that all `errorPages` name; absent when there are none. */
  readonly errorPageFiles?: readonly ErrorPageFile[];
  /** Zone in which this gateway runs; empty when it prefers no zone. */
  readonly zone: string;
  readonly upstreams: readonly UpstreamConfig[];
  readonly stores: readonly StoreConfig[];
  readonly consumers: readonly ConsumerConfig[];
  readonly plans: readonly PlanConfig[];
  /** As written; `filters` and the routes have the filters of the chains that they use. */
  readonly chains: readonly ChainConfig[];
  readonly filters: readonly FilterConfig[];
  readonly routes: readonly RouteConfig[];
}

/** `port` 0 asks the system for a free port. `host` is a literal address (`0.0.0.0`, `::1`). */
export interface ListenerConfig {
  /** By which routes refer to it. */
  readonly name?: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly protocols: readonly ('http/1.1' | 'h2' | 'h2c')[];
  readonly http2: Http2Config;
  readonly proxyProtocol: boolean;
  /** CIDR blocks of proxies whose forwarding headers and PROXY headers are trusted. */
  readonly trustedProxies: readonly string[];
  /** Whether trusted proxies may pass on the client's certificate in header fields. Those fields from anybody else are always removed. */
  readonly keepsClientCertificateHeaders: boolean;
  /** Null for plain text. */
  readonly tls: ListenerTlsConfig | null;
}

/** What clients that speak HTTP/2 may do. Windows are bytes. */
export interface Http2Config {
  readonly maxConcurrentStreams: number;
  readonly initialWindow: number;
  readonly connectionWindow: number;
  readonly maxHeldBytes: number;
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  readonly pingIntervalMs: number;
}

/** Paths are absolute once a document is loaded. A folder has pairs of `<name>.pem` or `<name>.crt` with `<name>.key`. */
export type CertificateSource = { readonly cert: string; readonly key: string } | { readonly folder: string };

export interface ListenerTlsConfig {
  readonly certificates: readonly CertificateSource[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names of suites for TLS 1.2, best first; empty for the gateway's own choice. */
  readonly ciphers: readonly string[];
  readonly clientAuth: ClientAuthConfig | null;
  readonly handshakeTimeoutMs: number;
  /** Handshakes in progress at once in one worker. */
  readonly handshakesMax: number;
  readonly sessionTickets: { readonly lifetimeMs: number; readonly keys: string | null };
}

export interface ClientAuthConfig {
  readonly ca: string;
  readonly crl: string | null;
  readonly mode: 'required' | 'optional';
  readonly forward: 'none' | 'x-forwarded-client-cert' | 'client-cert';
}

/** `verify` is false only when the document says `dangerouslySkipVerification: true`. */
export interface UpstreamTlsConfig {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Name for SNI, which the certificate must contain; null takes the endpoint's host. */
  readonly serverName: string | null;
  readonly verify: boolean;
}

/** The parts of a Config that name files that belong to it. */
export type ConfigFiles = Pick<Config, 'listeners' | 'upstreams' | 'stores' | 'errorPages' | 'routes'>;

export interface AdminConfig {
  /** False when the document says `admin: off`. */
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** Names under which the endpoint may be requested, in lower case, beside IP addresses and `localhost`. */
  readonly hosts: readonly string[];
}

export interface AccessLogConfig {
  /** `stdout`, `off`, or a file's path. */
  readonly path: string;
  /** Share of exchanges that are logged, 0 to 1. Refusals and 5xx are always logged. */
  readonly sample: number;
  /** Whether a line has the query. */
  readonly query?: boolean | undefined;
  /** Request headers that a line has, in lower case. */
  readonly headers?: readonly string[] | undefined;
}

/** What a client's message may cost before it is refused; each limit has its own status. */
export interface LimitsConfig {
  /** Longest request line; beyond it 414. */
  readonly requestLineBytesMax: number;
  /** Bytes of a whole head; beyond it 431. */
  readonly headerBytesMax: number;
  /** Header fields in a head; beyond it 431. */
  readonly headerCountMax: number;
  /** Body of a request; beyond it 413. 0 is no limit. */
  readonly bodyBytesMax: number;
  /** Time from the first byte of a head to its last; beyond it 408. */
  readonly headerTimeoutMs: number;
  /** Time between two pieces of a request's body; beyond it 408. */
  readonly bodyTimeoutMs: number;
  /** Slowest average rate in bytes a second at which a client may send a body or read a response; 0 is no limit. */
  readonly minimumRateBytesPerSecond: number;
  /** How long a kept-alive connection may stay without a request. */
  readonly keepAliveTimeoutMs: number;
  /** How long a client may read no byte of its response. */
  readonly writeTimeoutMs: number;
  /** Requests on one connection before it is closed; 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** Open client connections per worker; beyond it new ones are closed at once. */
  readonly connectionsMax: number;
  /** Largest body that is held in memory to match conditions on it. */
  readonly matchBodyBytesMax: number;
}

/** What happens to paths that two servers could read differently. The default is always the strictest choice. */
export interface PathsConfig {
  /** `%2f` and `%5c` in a path: refused, or kept encoded as they are. `%00` is refused always. Default `reject`. */
  readonly encodedSlash: 'reject' | 'keep';
  /** `//` in a path: refused, merged into one slash, or kept. Default `reject`. */
  readonly emptySegments: 'reject' | 'merge' | 'keep';
}

/** Paths of files by the statuses that they are for: `404`, `4xx`, `5xx` or `default`. Absolute once a document is loaded. */
export type ErrorPagesConfig = Readonly<Record<string, string>>;

/** A file with its content; `name` is its absolute path. */
export interface ErrorPageFile {
  readonly name: string;
  readonly text: string;
}

export interface MetricsConfig {
  /** Routes with series of their own; the others share the label `route="other"`. */
  readonly routesMax: number;
  /** Consumers with series of their own; 0 counts none. */
  readonly consumersMax: number;
}

export type BalanceName = 'p2c' | 'roundRobin' | 'leastRequest' | 'peakEwma' | 'random' | 'ringHash' | 'maglev';

/** What a hashing balancer hashes. `name` is set for header, cookie and query. */
export interface HashOnConfig {
  readonly source: 'header' | 'cookie' | 'query' | 'ip' | 'path';
  readonly name: string;
}

export interface UpstreamConfig extends ResilienceConfig, UpstreamAdmissionConfig {
  readonly name: string;
  /** Empty when `discover` finds the endpoints. */
  readonly endpoints: readonly EndpointConfig[];
  /** Absent when the endpoints are listed in the document. */
  readonly discover?: DiscoverConfig;
  readonly balance: BalanceName;
  readonly hashOn: HashOnConfig | null;
  /** What the endpoints get as Host: `endpoint` for that of each, or a name; absent for the client's. */
  readonly host?: string;
  readonly protocol: 'http/1.1' | 'h2' | 'h2c' | 'auto';
  /** TLS to the endpoints with an https URL; null when there are none. */
  readonly tls: UpstreamTlsConfig | null;
  readonly pool: PoolConfig;
  /** Time for the whole exchange with this upstream; 0, the default, is no limit, because downloads and event streams take long. */
  readonly timeoutMs: number;
  /** Time from the request's last byte to the response's first. */
  readonly responseTimeoutMs: number;
  /** Time between two pieces of a body. */
  readonly idleTimeoutMs: number;
  /** Time without a byte in either direction of a tunnel (WebSocket). 0 is no limit. */
  readonly tunnelIdleTimeoutMs: number;
  /** The same, once one end has closed its side of the tunnel. 0 is no separate limit. */
  readonly tunnelHalfCloseTimeoutMs: number;
}

export interface EndpointConfig {
  /** The URL in normalised form: `http://10.0.0.1:8080`, or `unix:/run/app.sock`. Identifies the endpoint across reloads. */
  readonly url: string;
  readonly tls: boolean;
  /** The path of a Unix socket stands here as well; its port is 0. */
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
  /** Used only while no other endpoint may be; absent means no. */
  readonly backup?: boolean;
}

/** Limits apply to one endpoint in one worker. 0 is no limit for maxConnections and maxRequestsPerConnection. */
export interface PoolConfig {
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly maxRequestsPerConnection: number;
  readonly maxStreams: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface ConsumerConfig {
  readonly name: string;
  readonly plan: string | null;
  readonly tenant: string | null;
  readonly groups: readonly string[];
  /** Free text about the consumer by name, for logs and headers. */
  readonly tags: Readonly<Record<string, string>>;
  readonly keys: readonly KeyConfig[];
}

/** An API key. The configuration has only its hash. */
export interface KeyConfig {
  readonly id: string;
  /** `sha256:` and 64 lower case hexadecimal digits. */
  readonly hash: string;
  readonly scopes: readonly string[];
  /** Names of the routes that the key is valid for; null for all. */
  readonly routes: readonly string[] | null;
  /** Replaces the consumer's plan; null keeps it. */
  readonly plan: string | null;
  /** Milliseconds since 1970; null for never. */
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

export interface PlanConfig {
  readonly name: string;
  /** All of them apply; null for none. `quotas` likewise. */
  readonly rates: readonly RateConfig[] | null;
  readonly quotas: readonly RateConfig[] | null;
}

export interface RateConfig {
  readonly count: number;
  readonly perMs: number;
}

/** One filter as written: its name and its configuration, already checked by the filter's own schema. */
export interface FilterConfig {
  readonly name: string;
  readonly config: unknown;
  /** Name of the chain that the filter comes from; absent for one that is written in the list itself. */
  readonly chain?: string;
}

/** Filters under a name. */
export interface ChainConfig {
  readonly name: string;
  readonly filters: readonly FilterConfig[];
}

/** A condition on a header, query parameter or cookie. */
export type ValueMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' };

export interface NamedMatch {
  /** Lower case for headers, as written otherwise. */
  readonly name: string;
  readonly match: ValueMatch;
}

/** A condition on a field of a JSON body: `$.a.b[0]` against a scalar or a regex on its text. */
export interface BodyMatch {
  /** `['a', 'b', 0]` for `$.a.b[0]`. */
  readonly path: readonly (string | number)[];
  readonly match: ValueMatch | { readonly kind: 'scalar'; readonly value: string | number | boolean | null };
}

export interface MatchConfig {
  /** Lower case, without a port; empty matches every host. `*.example.com` matches one or more labels in front. */
  readonly hosts: readonly string[];
  /** As written: exact, `/prefix/*`, `/users/{id}`, `/files/{path*}`, `~regex`; `/*` when none was written. */
  readonly path: string;
  /** Upper case; empty matches every method. */
  readonly methods: readonly string[];
  readonly headers: readonly NamedMatch[];
  readonly query: readonly NamedMatch[];
  readonly cookies: readonly NamedMatch[];
  readonly body: readonly BodyMatch[];
  /** Names of the listeners at which the route holds; every one when absent. */
  readonly listeners?: readonly string[] | undefined;
  /** CIDR blocks of the clients for which the route holds; every client when absent. */
  readonly clients?: readonly string[] | undefined;
}

export interface RewriteConfig {
  /** Prefix that is removed from the path; empty for none. */
  readonly stripPrefix: string;
  /** The new path, in which `{param}` is replaced; empty keeps the path. */
  readonly path: string;
  /** Host sent to the upstream; empty keeps the client's. */
  readonly host: string;
}

export interface ReplyConfig {
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: string;
}

export interface SplitTarget {
  readonly upstream: string;
  readonly weight: number;
}

export type DestinationConfig =
  | { readonly kind: 'upstream'; readonly upstream: string }
  | {
      readonly kind: 'split';
      readonly targets: readonly SplitTarget[];
      readonly stickyCookie: string | null;
      /** Present when the target is chosen by a hash of the consumer. */
      readonly stickyBy?: 'consumer';
    }
  | { readonly kind: 'reply'; readonly reply: ReplyConfig }
  /** `url` may hold `{host}`, `{path}`, `{query}` and the path's parameters. */
  | { readonly kind: 'redirect'; readonly url: string; readonly status: number };

export interface RouteConfig extends RouteResilienceConfig, RouteAdmissionConfig, RouteRolloutConfig {
  readonly name: string;
  readonly match: MatchConfig;
  readonly public: boolean;
  readonly filters: readonly FilterConfig[];
  readonly rewrite: RewriteConfig | null;
  readonly to: DestinationConfig;
  /** Time for the whole exchange; 0 is no limit, and null takes the upstream's. */
  readonly timeoutMs: number | null;
  /** In place of the upstream's. */
  readonly responseTimeoutMs?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  /** In place of those of all routes. */
  readonly limits?: Pick<LimitsConfig, 'bodyBytesMax'> | undefined;
  /** Share of its exchanges that are logged, 0 to 1; that of `accessLog` when absent. */
  readonly accessLogSample?: number | undefined;
  /** Before those of all routes; `off` for none at all. */
  readonly errorPages?: ErrorPagesConfig | 'off' | undefined;
  /** Used by `cardea audit` only. */
  readonly audit?: AuditConfig | undefined;
}

/**
 * One thing that is wrong with a document. `path` leads to the value in the merged document (`['routes', 3, 'match', 'path']`); file, line
 * and column are derived from it.
 */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** Set when the key itself is wrong, so that the key is shown instead of its value. */
  readonly at?: 'key';
  /** The part in which something seems to be missing. It may exist all the same, under a misspelt key or in a file that cannot be read. */
  readonly absentFrom?: PartKey;
}

/** A problem with the place where it stands. Lines and columns count from 1. */
export interface LocatedProblem extends Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** For a problem inside a chain that shows in a route: the route’s name. `withoutEchoes` adds it to the message. */
  readonly inRoute?: string;
}
