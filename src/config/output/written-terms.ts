// Converts a checked configuration back into the terms of the language: `timeout: 30s` for `timeoutMs: 30000`. For people to read: the
// result is close to what may be written, but is not a valid document.

import { createHash } from 'node:crypto';
import { rateText } from '../../base/rate.ts';
import { durationText } from '../../base/schema/duration.ts';
import { sizeText } from '../../base/size.ts';

type Form = (value: unknown) => unknown;
type Term = readonly [name: string, form?: Form];

const ofNumber =
  (text: (value: number) => string): Form =>
  value =>
    typeof value === 'number' ? text(value) : value;
const size = ofNumber(sizeText);
const duration = ofNumber(durationText);
const percentage = ofNumber(share => `${Number((share * 100).toFixed(4))}%`);
const time = ofNumber(ms => new Date(ms).toISOString());
/** For the text of a file, which is too long to show. */
const digest: Form = text =>
  typeof text === 'string' ? `sha256 ${createHash('sha256').update(text).digest('hex').slice(0, 16)}` : text;

/** For what may be written as one value or as a list. */
const oneOrAll: Form = value => (Array.isArray(value) && value.length === 1 ? value[0] : value);

/** By key, or by the enclosing key and the key (`limits.bodyBytesMax`). Keys that end with `Ms` are durations, without `Ms`. */
const terms: Readonly<Record<string, Term>> = {
  requestLineBytesMax: ['requestLine', size],
  headerBytesMax: ['headerBytes', size],
  headerCountMax: ['headerCount'],
  'limits.bodyBytesMax': ['body', size],
  matchBodyBytesMax: ['matchBody', size],
  minimumRateBytesPerSecond: ['minimumRate'],
  requestsPerConnectionMax: ['requestsPerConnection'],
  connectionsMax: ['connections'],
  routesMax: ['routes'],
  consumersMax: ['consumers'],
  initialWindow: ['initialWindow', size],
  connectionWindow: ['connectionWindow', size],
  maxHeldBytes: ['maxHeld', size],
  resetsPerSecond: ['resets', ofNumber(count => `${count}/s`)],
  keepsClientCertificateHeaders: ['clientCertificateHeaders', keeps => (keeps === true ? 'keep' : 'remove')],
  'tls.verify': ['dangerouslySkipVerification', verify => verify !== true],
  inFlightMax: ['inFlight'],
  'shedding.memory': ['memory', percentage],
  sample: ['sample', percentage],
  accessLogSample: ['accessLog', percentage],
  keptMinMs: ['minTtl', duration],
  keptMaxMs: ['maxTtl', duration],
  ejectionMaxMs: ['maxEjection', duration],
  maxEjected: ['maxEjected', percentage],
  failureRate: ['failureRate', percentage],
  panicThreshold: ['panicThreshold', percentage],
  'retry.budget': ['budget', percentage],
  errorRate: ['errorRate', percentage],
  share: ['percent', percentage],
  'mirror.bodyBytesMax': ['body', size],
  bodyBytesMax: ['bodyLimit', size],
  concurrencyMax: ['concurrency'],
  queueMax: ['queue'],
  answerBytesMax: ['size', size],
  memoryBytes: ['memory', size],
  answerMsMax: ['answerTimeout', duration],
  expiresAtMs: ['expires', time],
  'match.hosts': ['host'],
  'match.listeners': ['listener'],
  'match.clients': ['client'],
  'store.authorities': ['content of ca', digest],
  rates: ['rate', oneOrAll],
  quotas: ['quota', oneOrAll],
  errorPageFiles: ['content of errorPages'],
  'content of errorPages.text': ['text', digest],
};

/** The value with names and units as a document writes them; `within` is the enclosing key. */
function inWrittenTerms(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) return value.map(each => inWrittenTerms(each, within));
  if (typeof value !== 'object' || value === null) return value;
  // Because: a configuration consists of plain objects.
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    rateIn(fields) ??
    matchText(fields) ??
    Object.fromEntries(Object.entries(fields).map(([key, inner]) => inTerm(key, inner, within)))
  );
}

/** One setting with the name and value that a document writes; also for keys of the document itself, such as `drainTimeoutMs`. */
export function inTerm(key: string, value: unknown, within = ''): [string, unknown] {
  const term = terms[`${within}.${key}`] ?? (Object.hasOwn(terms, key) ? terms[key] : undefined);
  if (term !== undefined) return [term[0], inWrittenTerms(term[1]?.(value) ?? value, term[0])];
  const isDuration = key.endsWith('Ms') && (typeof value === 'number' || value === null);
  return isDuration ? [key.slice(0, -'Ms'.length), duration(value)] : [key, inWrittenTerms(value, key)];
}

function rateIn(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { count, perMs } = fields;
  if (typeof count !== 'number' || typeof perMs !== 'number' || Object.keys(fields).length !== 2) return undefined;
  return rateText({ count, perMs });
}

/** A condition of a route as a document writes it; undefined for any other object. */
function matchText(fields: Readonly<Record<string, unknown>>): unknown {
  switch (fields['kind']) {
    case 'exact':
    case 'scalar':
      return fields['value'] ?? 'null';
    case 'regex':
      return `~${String(fields['source'])}`;
    case 'present':
    case 'absent':
      return fields['kind'] === 'present';
    default:
      return undefined;
  }
}
