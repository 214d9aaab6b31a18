// The names that other gateways give to things that have another name here. For suggestions only; nothing is read under these names.

/** By a name in lower case without `-`, `_` and `.`: names of this language. The first one that is allowed in the given place is meant. */
export const foreignNames: Readonly<Record<string, readonly string[]>> = {
  // nginx, HAProxy
  server: ['listeners', 'endpoints'],
  servers: ['endpoints', 'listeners'],
  listen: ['listeners', 'address'],
  bind: ['address'],
  backend: ['to', 'upstreams'],
  backends: ['upstreams'],
  proxypass: ['to'],
  leastconn: ['leastRequest'],
  iphash: ['ringHash'],
  gzip: ['compress'],
  leastconnections: ['leastRequest'],
  maxfails: ['failures'],
  location: ['routes'],
  return: ['to'],
  proxynextupstream: ['retry'],
  proxyconnecttimeout: ['connectTimeout'],
  proxyreadtimeout: ['idleTimeout'],
  readtimeout: ['idleTimeout'],
  maxconns: ['maxConnections'],
  keepalive: ['pool'],
  servername: ['host'],
  clientmaxbodysize: ['bodyLimit', 'limits', 'body'],
  limitreq: ['rateLimit'],
  authrequest: ['forwardAuth'],
  brotli: ['compress'],
  log: ['accessLog'],
  logging: ['accessLog'],
  // Kong
  service: ['to', 'upstreams'],
  services: ['upstreams'],
  plugins: ['filters'],
  targets: ['endpoints'],
  strippath: ['stripPrefix'],
  paths: ['path'],
  hosts: ['host', 'endpoints'],
  ratelimiting: ['rateLimit'],
  keyauth: ['apiKey'],
  basicauth: ['basic'],
  jwtauth: ['jwt'],
  hmacauth: ['signature'],
  mtlsauth: ['mtls'],
  openidconnect: ['oidc'],
  oauth2introspection: ['introspect'],
  iprestriction: ['ipAccess'],
  requestsizelimiting: ['bodyLimit'],
  requesttransformer: ['headers'],
  responsetransformer: ['headers'],
  correlationid: ['requestId'],
  healthchecks: ['healthCheck'],
  // APISIX
  nodes: ['endpoints'],
  upstreamid: ['to'],
  serviceid: ['to'],
  limitcount: ['rateLimit'],
  checks: ['healthCheck'],
  // Envoy
  cluster: ['to', 'upstream', 'upstreams'],
  clusters: ['upstreams'],
  lbpolicy: ['balance'],
  outlierdetection: ['outlier'],
  circuitbreakers: ['breaker'],
  httpfilters: ['filters'],
  extauthz: ['forwardAuth'],
  jwtauthn: ['jwt'],
  prefix: ['path'],
  prefixrewrite: ['stripPrefix'],
  numretries: ['attempts'],
  weightedclusters: ['to'],
  passive: ['outlier'],
  tlscontext: ['tls'],
  transportsocket: ['tls'],
  domain: ['host'],
  domains: ['host'],
  // Traefik
  entrypoints: ['listeners'],
  routers: ['routes'],
  rule: ['match'],
  middlewares: ['filters'],
  loadbalancer: ['balance', 'endpoints'],
  circuitbreaker: ['breaker'],
  ipallowlist: ['ipAccess'],
  ipwhitelist: ['ipAccess'],
  buffering: ['bodyLimit'],
  digestauth: ['basic'],
  pathprefix: ['path'],
  average: ['limit'],
  // Several of them
  upstream: ['to', 'upstreams'],
  route: ['routes', 'to'],
  url: ['endpoints', 'path'],
  uri: ['path'],
  urls: ['endpoints'],
  addresses: ['endpoints'],
  target: ['url'],
  queryparams: ['query'],
  queryparameters: ['query'],
  args: ['query'],
  grpc: ['h2'],
  sticky: ['affinity'],
  stickysession: ['affinity', 'sticky'],
  stickysessions: ['affinity', 'sticky'],
  jwks: ['keys'],
  jwksuri: ['keys'],
  jwksurl: ['keys'],
  requests: ['limit'],
  rps: ['limit'],
  redis: ['store'],
  keynames: ['from'],
  roles: ['groups'],
  port: ['address'],
  rate: ['limit'],
  retries: ['retry', 'attempts'],
  algorithm: ['balance'],
  roundrobin: ['roundRobin'],
  http2: ['h2'],
  whitelist: ['allow'],
  blacklist: ['deny'],
  allowlist: ['allow'],
  denylist: ['deny'],
  alloworigins: ['origins'],
  allowedorigins: ['origins'],
  allowmethods: ['methods'],
  allowedmethods: ['methods'],
  allowheaders: ['headers'],
  allowedheaders: ['headers'],
  code: ['status'],
  // In YAML 1.1, `on` is `true`: the program that wrote the file has read `on` that way.
  true: ['on'],
  statuscode: ['status'],
};

/** By the name of a filter of other gateways, in the same form: the setting that has its effect here, where it is not a filter. */
const settings: Readonly<Record<string, string>> = {
  retry: '`retry` of an upstream or a route',
  circuitbreaker: '`breaker` of an upstream',
  breaker: '`breaker` of an upstream',
  healthcheck: '`healthCheck` of an upstream',
  concurrency: '`concurrency` of an upstream or a route',
  inflightreq: '`concurrency` of an upstream or a route',
  limitconn: '`concurrency` of an upstream or a route',
  timeout: '`timeout` of an upstream or a route',
  redirect: '`to: { redirect: ... }` of a route',
  redirectscheme: '`to: { redirect: ... }` of a route',
  redirectregex: '`to: { redirect: ... }` of a route',
  rewrite: '`rewrite` of a route',
  proxyrewrite: '`rewrite` of a route',
  stripprefix: '`rewrite: { stripPrefix: ... }` of a route',
  addprefix: '`rewrite: { path: ... }` of a route',
  replacepath: '`rewrite: { path: ... }` of a route',
  mirror: '`mirror` of a route',
  proxymirror: '`mirror` of a route',
  trafficsplit: 'a split in `to` of a route',
  canary: '`canary` of a route',
  cache: '`fallback: { cache: ... }` of a route, for when an upstream fails',
  accesslog: '`accessLog`',
  filelog: '`accessLog`',
  prometheus: '`/metrics` of `admin`',
};

/** The setting that does what a filter of this name does in other gateways; undefined when none is known. */
export function settingInsteadOfFilter(written: string): string | undefined {
  const key = plainName(written);
  return Object.hasOwn(settings, key) ? settings[key] : undefined;
}

/** The one of `names` that stands for a name of another gateway, or undefined. */
export function foreignName(written: string, names: Iterable<string>): string | undefined {
  const key = plainName(written);
  const meant = Object.hasOwn(foreignNames, key) ? foreignNames[key] : undefined;
  if (meant === undefined) return undefined;
  const known = new Set(names);
  return meant.find(name => known.has(name));
}

/** The form in which names are compared here: lower case, without the characters that join words. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}
