// How a checked Config crosses to the worker threads: as JSON text in shared memory, element by element, so that a
// worker decodes it in slices, and only those elements that changed. A structured clone of 10,000 routes would hold
// up the worker's traffic for tens of milliseconds, and would lose the identity of what did not change.

import { changedRange } from '../base/changed-range.ts';
import { SliceBudget } from '../compile/slice-budget.ts';
import type { Config } from '../config/config.ts';

/** The long lists of a Config. The rest of it, `frame`, is decoded at once. */
const listNames = ['routes', 'upstreams', 'consumers'] as const;

type ListName = (typeof listNames)[number];

/** One list: where its elements come from, in their order. */
interface ListTransfer {
  /** Pairs: index in the receiver's previous list, or -1 for what comes along, and how many elements come from there on. */
  readonly runs: Int32Array;
  /** What comes along: lists as JSON in UTF-8, one behind the other, each of at most `batchMax` elements. */
  readonly text: SharedArrayBuffer;
  /** Where each of those ends in `text`. */
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

/** Elements are written and read so many at a time: alone, each would cost a third more. */
const batchMax = 32;

/** Text of elements that were compared before. Elements are frozen, so the text stays true; it goes when they go. */
const knownTexts = new WeakMap<object, string>();

/**
 * Encodes what changed since `base`, or everything when `base` is null. An element is unchanged when it is the same
 * object, or when it has the name and text of another, wherever it stands in the list.
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
  const decodedElements = listNames.reduce((count, name) => count + sentElements(transfer.lists[name]), 0);
  return { config: { ...frame, routes, upstreams, consumers }, decodedElements };
}

interface Named {
  readonly name: string;
}

function encodeList(elements: readonly Named[], base: readonly Named[]): ListTransfer {
  const { from, toBefore, toNow } = changedRange(base, elements);
  const runs = new Runs();
  runs.add(0, from);
  const changedBefore = base.slice(from, toBefore);
  const byIdentity = new Map(changedBefore.map((element, index) => [element, from + index]));
  const byName = new Map(changedBefore.map((element, index) => [element.name, from + index]));
  const sent: Named[] = [];
  for (const element of elements.slice(from, toNow)) {
    const source = byIdentity.get(element) ?? equalOne(element, base, byName.get(element.name));
    if (source === undefined) sent.push(element);
    runs.add(source ?? -1, 1);
  }
  runs.add(toBefore, base.length - toBefore);
  return { runs: Int32Array.from(runs.pairs), ...packTexts(sent) };
}

function equalOne(element: Named, base: readonly Named[], index: number | undefined): number | undefined {
  return index !== undefined && textOf(element) === textOf(base[index]) ? index : undefined;
}

/** Puts runs together where one goes on with the other. */
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

/** How many elements come along. */
function sentElements({ runs }: ListTransfer): number {
  let count = 0;
  for (let at = 0; at < runs.length; at += 2) if (runs[at] === -1) count += runs[at + 1];
  return count;
}

function textOf(element: object): string {
  const known = knownTexts.get(element);
  if (known !== undefined) return known;
  const text = JSON.stringify(element);
  knownTexts.set(element, text);
  return text;
}

function packTexts(elements: readonly Named[]): { text: SharedArrayBuffer; ends: Uint32Array } {
  const texts: string[] = [];
  for (let at = 0; at < elements.length; at += batchMax) texts.push(JSON.stringify(elements.slice(at, at + batchMax)));
  const ends = new Uint32Array(texts.length);
  let length = 0;
  for (const [index, text] of texts.entries()) {
    length += Buffer.byteLength(text);
    ends[index] = length;
  }
  const text = new SharedArrayBuffer(length);
  Buffer.from(text).write(texts.join(''));
  return { text, ends };
}

function* decodeList<Element>(
  { runs, text, ends }: ListTransfer,
  previous: readonly Element[],
  budget: SliceBudget,
): Generator<void, readonly Element[], void> {
  if (runs.length === 2 && runs[0] === 0 && runs[1] === previous.length) return previous;
  const bytes = Buffer.from(text);
  const elements: Element[] = [];
  /** Elements of the last batch that was read, and which of them is next. */
  let batch: readonly Element[] = [];
  let nextInBatch = 0;
  let nextBatch = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const [source, count] = [runs[at], runs[at + 1]];
    for (let index = 0; index < count; index++) {
      if (source >= 0) {
        elements.push(previous[source + index]);
        continue;
      }
      if (nextInBatch === batch.length) {
        if (budget.spent()) {
          yield;
          budget.resume();
        }
        const start = nextBatch === 0 ? 0 : ends[nextBatch - 1];
        // Because: as for the frame; the text of this list's elements is all that it holds. They are not frozen again as
        // the supervisor's are: that would cost more than reading them.
        batch = JSON.parse(bytes.toString('utf8', start, ends[nextBatch])) as Element[];
        nextBatch++;
        nextInBatch = 0;
      }
      elements.push(batch[nextInBatch++]);
    }
  }
  return elements;
}
