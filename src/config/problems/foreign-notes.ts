// Sentences about settings of other gateways that have no setting of the same meaning here. For suggestions only.

import { plainName } from './foreign-names.ts';

const host =
  'the upstream gets the client’s `Host`, unless `host` of the upstream or `rewrite: { host: ... }` of the route sets another';
const everywhere = 'a route answers on every listener, unless it names some by `match: { listener: ... }`';
const certificates = 'certificates are files under `tls` of a listener or of an upstream';
const addresses =
  '`match: { client: [...] }` chooses routes by the client’s address, and the filters ipAccess and acl check it';
const trusted = '`trustedProxies` of the listener names those whose X-Forwarded-For is believed';
const time = 'the time is a part of the rate, as in 100/s or 5/15min';
const status = 'the gateway chooses the status of a refusal: 429 beyond a limit, 403 without permission';
const fields = 'every field is written out: `response: { set: { x-frame-options: DENY } }`';
const secretForm =
  'a secret is text; one in base64 is written as a JWK Set, `keys: { set: { keys: [{ kty: oct, k: ... }] } }`';
const verified = 'the certificate of an upstream is verified, unless `tls: { dangerouslySkipVerification: true }`';
const kept = 'the upstream gets the credential, unless `forward: { keepCredential: false }`';
const allPassed = 'every header field and query parameter is passed on; the filter headers removes fields';
const limits = 'limits are filters: `filters: [{ rateLimit: { limit: ... } }]`';
const websockets = 'WebSockets pass without a setting';
const noVersion = 'a document has no version';

/** By a name in lower case without the characters that join words. What each text says holds wherever the name may have been written. */
export const notes: Readonly<Record<string, string>> = {
  preservehost: host,
  preservehostheader: host,
  passhost: host,
  passhostheader: host,
  entrypoints: everywhere,
  protocols: everywhere,
  regexpriority: 'the most exact host and path win, without priorities',
  tls: certificates,
  certresolver: certificates,
  acme: certificates,
  snistrict: 'the first certificate is shown to clients that ask for an unknown name',
  clientip: addresses,
  remoteaddr: addresses,
  remoteaddrs: addresses,
  sources: addresses,
  vars: 'conditions are written under `headers`, `query` and `cookies`',
  urlpattern: 'the path for the upstream is `rewrite: { path: ... }` of the route',
  http: 'routers, services and middlewares are `routes`, `upstreams` and `filters`',
  formatversion: noVersion,
  version: noVersion,
  enablewebsocket: websockets,
  websocket: websockets,
  inputheaders: allPassed,
  inputquerystrings: allPassed,
  globalratelimit: limits,
  ratelimit: limits,
  active: '`healthCheck` itself has the settings of active checks, and `outlier` watches live traffic',
  basicauthcredentials: 'passwords are hashes under `users` of the filter basic',
  jwtsecrets: 'keys of tokens stand under `keys` of the filter jwt',
  hmacauthcredentials: 'keys of signatures stand under `keys` of the filter signature',
  anonymous: 'callers without a credential pass a filter that is `optional`, as one of the `consumers` or as nobody',
  optional: 'the filters jwt, introspect, apiKey, basic, mtls and signature can be `optional`',
  verify: verified,
  tlsverify: verified,
  hidecredentials: kept,
  removeheader: kept,
  secretisbase64: secretForm,
  base64secret: secretForm,
  headerfield: 'X-Consumer-Subject and other fields tell the upstream who calls',
  beareronly: 'the filter jwt takes bearer tokens, and oidc is the login in a browser',
  propagateclaims: 'claims are passed on by `forward: { claims: { x-user: sub } }`',
  trustforwardheader: trusted,
  ipstrategy: trusted,
  authresponseheadersregex: '`copy` lists the fields by their names',
  clientheaders: 'a refusal goes to the client with all its fields',
  period: time,
  per: time,
  every: time,
  timewindow: time,
  rejectedcode: status,
  rejectedmsg: status,
  errorcode: status,
  errormessage: status,
  stsseconds: fields,
  framedeny: fields,
  contenttypenosniff: fields,
  browserxssfilter: fields,
  accesscontrolalloworiginlist: 'the filter cors has the settings of CORS',
  preflightcontinue: 'the gateway answers preflights itself',
  excludedcontenttypes: '`types` lists what is compressed',
};

/** `here ...`: how this language expresses what the name means in other gateways; undefined when nothing is known. */
export function foreignNote(written: string): string | undefined {
  const key = plainName(written);
  return Object.hasOwn(notes, key) ? `here ${notes[key]}` : undefined;
}
