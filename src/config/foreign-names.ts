// What other gateways call things that have other names here. For suggestions only; nothing is read under these names.

/** By a name in lower case without `-` and `_`: names of this language, of which the first that fits where it stands is meant. */
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
  // Kong
  service: ['to', 'upstreams'],
  services: ['upstreams'],
  plugins: ['filters'],
  targets: ['endpoints'],
  strippath: ['stripPrefix'],
  paths: ['path'],
  hosts: ['host'],
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
  // Several of them
  upstream: ['to', 'upstreams'],
  route: ['routes', 'to'],
  url: ['endpoints', 'path'],
  uri: ['path'],
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
  // YAML 1.1, in which `on` is `true`: what wrote the file read it so.
  true: ['on'],
  statuscode: ['status'],
};

/** Which of `names` another gateway's name stands for, or undefined. */
export function foreignName(written: string, names: Iterable<string>): string | undefined {
  const key = written.toLowerCase().replace(/[-_.]/g, '');
  const meant = Object.hasOwn(foreignNames, key) ? foreignNames[key] : undefined;
  if (meant === undefined) return undefined;
  const known = new Set(names);
  return meant.find(name => known.has(name));
}
