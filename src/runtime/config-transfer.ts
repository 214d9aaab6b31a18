// How a checked Config crosses to the worker threads: as JSON text in shared memory, element by element, so that a
// worker decodes it in slices, and only those elements that changed. A structured clone of 10,000 routes would hold
// up the worker's traffic for tens of milliseconds, and would lose the identity of what did not change.

import { changedRange, rememberChangedRange } from '../base/changed-range.ts';
import { SliceBudget } from '../compile/slice-budget.ts';
import { isSameShort, ofShortForm, type ShortRoute, shortForm } from '../config/bare-route.ts';
import type { Config } from '../config/config.ts';

/** The long lists of a Config. The rest of it, `frame`, is decoded at once. */
const listNames = ['routes', 'upstreams', 'consumers'] as const;

type ListName = (typeof listNames)[number];

/** One list: where its elements come from, in order. */
interface ListTransfer {
  /** Pairs of a start index in the receiver's previous list, or -1 for elements sent along, and a count of consecutive elements. */
  readonly runs: Int32Array;
  /** The elements sent along: JSON lists in UTF-8, one after the other, of at most `batchMax` elements. Bare routes are in short form. */
  readonly text: SharedArrayBuffer;
  /** Byte offset in `text` at which each of those lists ends. */
  readonly ends: Uint32Array;
}

/** May be posted to any number of workers: the bulk is in shared memory and is not copied. */
export interface ConfigTransfer {
  /** JSON of the Config without its lists. */
  readonly frame: string;
  readonly lists: Readonly<Record<ListName, ListTransfer>>;
  /** Version of the Config that the receiver must have; null when the transfer is complete in itself. */
  readonly baseVersion: string | null;
}

/** What `decodeConfig` returns besides the Config. */
export interface DecodedConfig {
  readonly config: Config;
  /** Elements that were decoded; the others are those of the previous Config, by identity. */
  readonly decodedElements: number;
}

/** Elements per batch of JSON: encoding and parsing each element alone would cost a third more. */
const batchMax = 32;

/** JSON of elements that were compared before. Elements are frozen, so the text stays valid for as long as the element lives. */
const knownTexts = new WeakMap<object, string>();

/**
 * Encodes what changed since `base`, or everything when `base` is null. An element is unchanged when it is the same
 * object, or when `base` has an element of the same name and content, at any place in the list.
 */
export function encodeConfig(config: Config, base: Config | null): ConfigTransfer {
  const frame = JSON.stringify({ ...config, routes: [], upstreams: [], consumers: [] });
  const lists = {
    routes: encodeList(config.routes, base?.routes ?? [], shortForm),
    upstreams: encodeList(config.upstreams, base?.upstreams ?? [], () => null),
    consumers: encodeList(config.consumers, base?.consumers ?? [], () => null),
  };
  return { frame, lists, baseVersion: base?.version ?? null };
}

/** Decodes a transfer in slices. Throws when `previous` is not the Config that `baseVersion` names. */
export function* decodeConfig(
  transfer: ConfigTransfer,
  previous: Config | null,
  budget: SliceBudget = new SliceBudget(),
): Generator<void, DecodedConfig, void> {
  if (transfer.baseVersion !== null && transfer.baseVersion !== previous?.version) {
    throw new Error(
      `the configuration builds on version ${transfer.baseVersion}, this worker has ${previous?.version}`,
    );
  }
  // Because: the supervisor encoded a Config, and nothing else is ever posted under this type.
  const frame = JSON.parse(transfer.frame) as Config;
  const routes = yield* decodeList(transfer.lists.routes, previous?.routes ?? [], ofShortForm, budget);
  const upstreams = yield* decodeList(transfer.lists.upstreams, previous?.upstreams ?? [], neverShort, budget);
  const consumers = yield* decodeList(transfer.lists.consumers, previous?.consumers ?? [], neverShort, budget);
  const decodedElements = listNames.reduce((count, name) => count + sentElements(transfer.lists[name]), 0);
  return { config: { ...frame, routes, upstreams, consumers }, decodedElements };
}

/** Only routes have a short form. */
function neverShort(): never {
  throw new Error('what comes in short form is a route');
}

interface Named {
  readonly name: string;
}

function encodeList<Element extends Named>(
  elements: readonly Element[],
  base: readonly Element[],
  short: (element: Element) => ShortRoute | null,
): ListTransfer {
  const { from, toBefore, toNow } = changedRange(base, elements);
  const runs = new Runs();
  runs.add(0, from);
  const byName = new Map<string, number>();
  for (let at = from; at < toBefore; at++) byName.set(base[at]!.name, at);
  const sent: (Element | ShortRoute)[] = [];
  for (let at = from; at < toNow; at++) {
    const element = elements[at]!;
    const form = short(element);
    const same = byName.get(element.name);
    const source = same !== undefined && isEqual(element, form, base[same]!, short) ? same : undefined;
    if (source === undefined) sent.push(form ?? element);
    runs.add(source ?? -1, 1);
  }
  runs.add(toBefore, base.length - toBefore);
  return { runs: Int32Array.from(runs.pairs), ...packTexts(sent) };
}

function isEqual<Element extends Named>(
  element: Element,
  form: ShortRoute | null,
  old: Element,
  short: (element: Element) => ShortRoute | null,
): boolean {
  if (element === old) return true;
  const oldForm = short(old);
  if (form === null || oldForm === null) return form === oldForm && textOf(element) === textOf(old);
  return isSameShort(form, oldForm);
}

/** Pairs of start and count, where a run that continues the previous one extends that one. */
class Runs {
  readonly pairs: number[] = [];

  add(source: number, count: number): void {
    const { pairs } = this;
    if (count === 0) return;
    const [lastSource, lastCount] = [pairs.at(-2) ?? 0, pairs.at(-1) ?? 0];
    const goesOn = source === -1 ? lastSource === -1 : lastSource !== -1 && source === lastSource + lastCount;
    if (pairs.length > 0 && goesOn) pairs[pairs.length - 1] = lastCount + count;
    else pairs.push(source, count);
  }
}

/** Number of elements that are sent along. */
function sentElements({ runs }: ListTransfer): number {
  let count = 0;
  for (let at = 0; at < runs.length; at += 2) if (runs[at] === -1) count += runs[at + 1]!;
  return count;
}

function textOf(element: object): string {
  const known = knownTexts.get(element);
  if (known !== undefined) return known;
  const text = JSON.stringify(element);
  knownTexts.set(element, text);
  return text;
}

function packTexts(elements: readonly unknown[]): { text: SharedArrayBuffer; ends: Uint32Array } {
  const texts: string[] = [];
  for (let at = 0; at < elements.length; at += batchMax) texts.push(JSON.stringify(elements.slice(at, at + batchMax)));
  const ends = new Uint32Array(texts.length);
  let length = 0;
  for (const [index, text] of texts.entries()) {
    length += Buffer.byteLength(text);
    ends[index] = length;
  }
  const text = new SharedArrayBuffer(length);
  const bytes = Buffer.from(text);
  for (const [index, each] of texts.entries()) bytes.write(each, index === 0 ? 0 : ends[index - 1]!);
  return { text, ends };
}

function* decodeList<Element>(
  { runs, text, ends }: ListTransfer,
  previous: readonly Element[],
  ofShort: (form: ShortRoute) => Element,
  budget: SliceBudget,
): Generator<void, readonly Element[], void> {
  if (runs.length === 2 && runs[0] === 0 && runs[1] === previous.length) return previous;
  const bytes = Buffer.from(text);
  const sent: Element[] = [];
  for (let index = 0; index < ends.length; index++) {
    const start = index === 0 ? 0 : ends[index - 1];
    // Because: as for the frame, the text contains nothing but elements of this list. They are not frozen again like the
    // supervisor's: freezing would cost more than parsing them.
    const batch = JSON.parse(bytes.toString('utf8', start, ends[index])) as (Element | ShortRoute)[];
    for (const each of batch) sent.push(isShort(each) ? ofShort(each) : each);
    yield* budget.pause();
  }
  const pieces: (readonly Element[])[] = [];
  let next = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const [source, count] = [runs[at], runs[at + 1]];
    pieces.push(source === -1 ? sent.slice(next, next + count!) : previous.slice(source, source! + count!));
    if (source === -1) next += count!;
  }
  const elements = pieces.flat();
  const [front, behind] = [keptInFront(runs), keptBehind(runs, previous.length)];
  const range = { from: front, toBefore: previous.length - behind, toNow: elements.length - behind };
  rememberChangedRange(previous, elements, range);
  return elements;
}

/** Number of leading elements that are unchanged and at the same place. */
function keptInFront(runs: Int32Array): number {
  return runs.length > 0 && runs[0] === 0 ? runs[1]! : 0;
}

/** Number of trailing elements that are unchanged and still last, not counting those of `keptInFront`. */
function keptBehind(runs: Int32Array, lengthBefore: number): number {
  const source = runs.at(-2) ?? -1;
  return source >= keptInFront(runs) && source + runs.at(-1)! === lengthBefore ? runs.at(-1)! : 0;
}

/** A short form is an array, a full element never is. */
function isShort(each: unknown): each is ShortRoute {
  return Array.isArray(each);
}
