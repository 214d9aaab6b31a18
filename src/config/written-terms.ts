// A checked configuration in the words of the language again: `timeout: 30s` for `timeoutMs: 30000`. For people to read: what comes
// out is close to what may be written, and is no document.

import { rateText } from '../base/rate.ts';
import { durationText } from '../base/schema/duration.ts';
import { sizeText } from '../base/size.ts';

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

/** By key, or by what it stands under and the key. Keys that end with `Ms` are durations under the same name without it. */
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
};

/** The value with names and units as they are written; `within` is the key that it stands under. */
function inWrittenTerms(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) return value.map(each => inWrittenTerms(each, within));
  if (typeof value !== 'object' || value === null) return value;
  // Because: what a configuration consists of are plain objects.
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    rateIn(fields) ??
    matchText(fields) ??
    Object.fromEntries(Object.entries(fields).map(([key, inner]) => inTerm(key, inner, within)))
  );
}

/** One setting under its own name; keys such as `drainTimeoutMs` of the document itself, too. */
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

/** A condition of a route. */
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
