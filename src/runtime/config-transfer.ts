// How a checked Config crosses to the worker threads: as JSON text in shared memory, element by element, so that a
// worker decodes it in slices, and only those elements that changed. A structured clone of 10,000 routes would hold
// up the worker's traffic for tens of milliseconds, and would lose the identity of what did not change.

import { SliceBudget } from '../compile/slice-budget.ts';
import type { Config } from '../config/config.ts';

/** The long lists of a Config. The rest of it, `frame`, is decoded at once. */
const listNames = ['routes', 'upstreams', 'consumers'] as const;

type ListName = (typeof listNames)[number];

/** One list: where each element comes from, in its order. */
interface ListTransfer {
  /** For each element its index in the receiver's previous list, or -1 when its text comes along. */
  readonly from: Int32Array;
  /** JSON of those that come along, in UTF-8, one behind the other. */
  readonly text: SharedArrayBuffer;
  /** Where each of them ends in `text`. */
  readonly ends: Uint32Array;
}

/** May be posted to any number of workers: the bulk of it is shared, not copied. */
export interface ConfigTransfer {
  /** JSON of the Config without its lists. */
  readonly frame: string;
  readonly lists: Readonly<Record<ListName, ListTransfer>>;
  /** Version of the Config that the receiver must have; null when nothing is needed. */
  readonly baseVersion: string | null;
}

/** What `decodeConfig` gives beside the Config. */
export interface DecodedConfig {
  readonly config: Config;
  /** Elements that were decoded; the others are those of the previous Config, by identity. */
  readonly decodedElements: number;
}

/** Text of elements that were encoded before. Elements are frozen, so the text stays true; it goes when they go. */
const knownTexts = new WeakMap<object, string>();

/**
 * Encodes what changed since `base`, or everything when `base` is null. An element is unchanged when it is the same
 * object, or when its text is the same wherever it stands in the list.
 */
export function encodeConfig(config: Config, base: Config | null): ConfigTransfer {
  const frame = JSON.stringify({ ...config, routes: [], upstreams: [], consumers: [] });
  const lists = {
    routes: encodeList(config.routes, base?.routes ?? []),
    upstreams: encodeList(config.upstreams, base?.upstreams ?? []),
    consumers: encodeList(config.consumers, base?.consumers ?? []),
  };
  return { frame, lists, baseVersion: base?.version ?? null };
}

/** Decodes a transfer in slices. `previous` is the Config that `baseVersion` names; throws when it is another. */
export function* decodeConfig(transfer: ConfigTransfer, previous: Config | null): Generator<void, DecodedConfig, void> {
  if (transfer.baseVersion !== null && transfer.baseVersion !== previous?.version) {
    throw new Error(
      `the configuration builds on version ${transfer.baseVersion}, this worker has ${previous?.version}`,
    );
  }
  const budget = new SliceBudget();
  // Because: the supervisor encoded a Config, and nothing else is ever posted under this type.
  const frame = JSON.parse(transfer.frame) as Config;
  const routes = yield* decodeList(transfer.lists.routes, previous?.routes ?? [], budget);
  const upstreams = yield* decodeList(transfer.lists.upstreams, previous?.upstreams ?? [], budget);
  const consumers = yield* decodeList(transfer.lists.consumers, previous?.consumers ?? [], budget);
  const decodedElements = listNames.reduce((count, name) => count + transfer.lists[name].ends.length, 0);
  return { config: { ...frame, routes, upstreams, consumers }, decodedElements };
}

function encodeList(elements: readonly object[], base: readonly object[]): ListTransfer {
  const from = new Int32Array(elements.length).fill(-1);
  const texts: string[] = [];
  const byIdentity = new Map(base.map((element, index) => [element, index]));
  let byText: Map<string, number> | null = null;
  for (const [index, element] of elements.entries()) {
    let source = byIdentity.get(element);
    if (source === undefined && base.length > 0) {
      byText ??= new Map(base.map((old, oldIndex) => [textOf(old), oldIndex]));
      source = byText.get(textOf(element));
    }
    if (source === undefined) texts.push(textOf(element));
    else from[index] = source;
  }
  return { from, ...packTexts(texts) };
}

function textOf(element: object): string {
  const known = knownTexts.get(element);
  if (known !== undefined) return known;
  const text = JSON.stringify(element);
  knownTexts.set(element, text);
  return text;
}

function packTexts(texts: readonly string[]): { text: SharedArrayBuffer; ends: Uint32Array } {
  const ends = new Uint32Array(texts.length);
  let length = 0;
  for (const [index, text] of texts.entries()) {
    length += Buffer.byteLength(text);
    ends[index] = length;
  }
  const text = new SharedArrayBuffer(length);
  const bytes = Buffer.from(text);
  for (const [index, piece] of texts.entries()) bytes.write(piece, index === 0 ? 0 : ends[index - 1]);
  return { text, ends };
}

function* decodeList<Element>(
  transfer: ListTransfer,
  previous: readonly Element[],
  budget: SliceBudget,
): Generator<void, Element[], void> {
  const { from, ends } = transfer;
  const bytes = Buffer.from(transfer.text);
  const elements: Element[] = [];
  let next = 0;
  for (const source of from) {
    if (source >= 0) {
      elements.push(previous[source]);
    } else {
      const start = next === 0 ? 0 : ends[next - 1];
      // Because: as for the frame; the text of this list's elements is all that it holds. They are not frozen again as
      // the supervisor's are: that would cost more than reading them.
      elements.push(JSON.parse(bytes.toString('utf8', start, ends[next])) as Element);
      next++;
    }
    if (budget.spent()) {
      yield;
      budget.resume();
    }
  }
  return elements;
}
