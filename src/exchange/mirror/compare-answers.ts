// How two responses to one request differ: in status, named fields, values of a JSON body. Reports places only: values may be secrets.

import type { AnswerRecord } from './answer-record.ts';
import { decodedBody } from './decoded-body.ts';

export interface Comparison {
  readonly headers: readonly string[];
  readonly body: boolean;
  /** Places in the body that are not compared: `$.time`, `$.items[*].id`. */
  readonly ignore: ReadonlySet<string>;
  /** Larger bodies are not compared. */
  readonly bodyBytesMax: number;
}

export interface Difference {
  readonly kind: 'status' | 'headers' | 'body';
  /** `200 and 500`, names of fields, or places in the body. */
  readonly where: string;
}

const PLACES_MAX = 5;
const DEPTH_MAX = 64;

/** Null when the bodies cannot be compared (incomplete, too large, or not decodable); an empty list when the responses do not differ. */
export function compareAnswers(live: AnswerRecord, copy: AnswerRecord, comparison: Comparison): Difference[] | null {
  if (live.status !== copy.status) return [{ kind: 'status', where: `${live.status} and ${copy.status}` }];
  const differences: Difference[] = [];
  const names = comparison.headers.filter((_, at) => live.fields[at] !== copy.fields[at]);
  if (names.length > 0) differences.push({ kind: 'headers', where: names.join(', ') });
  if (!comparison.body) return differences;
  if (!live.complete || !copy.complete) return null;
  const bodies = [live.body(), copy.body()] as const;
  if (bodies[0] === null || bodies[1] === null) return null;
  if (bodies[0].equals(bodies[1])) return differences;
  const { bodyBytesMax, ignore } = comparison;
  const texts = [
    decodedBody(bodies[0], live.coding, bodyBytesMax),
    decodedBody(bodies[1], copy.coding, bodyBytesMax),
  ] as const;
  if (texts[0] === null || texts[1] === null) return null;
  const places = texts[0].equals(texts[1]) ? [] : differingPlaces(texts[0], texts[1], ignore);
  if (places.length > 0) differences.push({ kind: 'body', where: places.join(', ') });
  return differences;
}

/** The places where two bodies differ; `$`, the whole, when one of them is not JSON. */
function differingPlaces(live: Buffer, copy: Buffer, ignore: ReadonlySet<string>): string[] {
  const values = [jsonOf(live), jsonOf(copy)] as const;
  if (values[0] === undefined || values[1] === undefined) return ['$'];
  const places = new Set<string>();
  collect(values[0].json, values[1].json, '$', ignore, places, 0);
  return [...places];
}

function jsonOf(body: Buffer): { readonly json: unknown } | undefined {
  try {
    // Because: only responses that the operator asked to compare come here, bounded in size, after the client has its response.
    return { json: JSON.parse(body.toString()) };
  } catch {
    return undefined;
  }
}

function collect(a: unknown, b: unknown, place: string, ignore: ReadonlySet<string>, into: Set<string>, depth: number) {
  if (into.size >= PLACES_MAX || ignore.has(place) || a === b) return;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) into.add(`${place}.length`);
    else if (depth < DEPTH_MAX)
      for (let at = 0; at < a.length; at++) collect(a[at], b[at], `${place}[*]`, ignore, into, depth + 1);
    return;
  }
  if (!isRecord(a) || !isRecord(b) || depth >= DEPTH_MAX) {
    into.add(place);
    return;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    collect(own(a, key), own(b, key), `${place}.${key}`, ignore, into, depth + 1);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
