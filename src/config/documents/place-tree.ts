// Where the values and keys of a YAML text stand. Made only for a report, because it costs more than reading the text.

import { EVENT_ID, parseEvents } from 'js-yaml';

/** A value with the offset at which it starts; a map has `entries`, a list has `elements`. */
interface Place {
  readonly start: number;
  readonly entries: Map<string, { readonly keyStart: number; readonly value: Place }> | null;
  readonly elements: Place[] | null;
}

type Events = ReturnType<typeof parseEvents>;

const mergeKey = '<<';

/** The places in one text; every offset is 0 when the text cannot be parsed. */
export class PlaceTree {
  private readonly root: Place | null;

  constructor(text: string) {
    let events: Events = [];
    try {
      events = parseEvents(text, {});
    } catch {
      // Because: a text that cannot be parsed has a single problem, which has its own offset.
    }
    this.root = new TreeBuilder(text, events).build();
  }

  /** Offset of what `path` leads to, or else of the nearest value above that exists. `at` applies to the last step. */
  offsetOf(path: readonly (string | number)[], at: 'key' | 'value'): number {
    let place = this.root;
    if (place === null) return 0;
    for (let i = 0; i < path.length; i++) {
      const step = path[i]!;
      const entry = entryOf(place, String(step));
      const next: Place | undefined = entry === undefined ? place.elements?.[Number(step)] : entry.value;
      if (next === undefined) return place.start;
      if (i === path.length - 1) return at === 'key' && entry !== undefined ? entry.keyStart : next.start;
      place = next;
    }
    return place.start;
  }
}

/** An entry of a map, or one that a `<<` merges into the map; undefined when there is none. */
function entryOf(place: Place, key: string): { readonly keyStart: number; readonly value: Place } | undefined {
  const own = place.entries?.get(key);
  if (own !== undefined) return own;
  const merged = place.entries?.get(mergeKey)?.value;
  if (merged === undefined) return undefined;
  for (const source of merged.elements ?? [merged]) {
    const found = entryOf(source, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

class TreeBuilder {
  private readonly text: string;
  private readonly events: Events;
  private readonly anchors = new Map<string, Place>();
  private at = 0;
  /** Offset behind the last scalar or empty element that was read. */
  private end = 0;

  constructor(text: string, events: Events) {
    this.text = text;
    this.events = events;
  }

  build(): Place | null {
    if (this.events[0]?.type === EVENT_ID.DOCUMENT) this.at = 1;
    return this.at < this.events.length ? this.value(0) : null;
  }

  /** The value at the next event. `fallback` is the offset that an empty value gets. */
  private value(fallback: number): Place {
    const event = this.events[this.at++];
    switch (event?.type) {
      case EVENT_ID.ALIAS:
        return this.anchors.get(this.text.slice(event.anchorStart, event.anchorEnd)) ?? leaf(event.anchorStart - 1);
      case EVENT_ID.SEQUENCE: {
        const place: Place = { start: event.start, entries: null, elements: [] };
        this.name(event, place);
        while (this.more()) place.elements?.push(this.value(this.emptyElement() ?? event.start));
        return place;
      }
      case EVENT_ID.MAPPING: {
        const place: Place = { start: event.start, entries: new Map(), elements: null };
        this.name(event, place);
        while (this.more()) {
          const { key, start } = this.key(event.start);
          place.entries?.set(key, { keyStart: start, value: this.value(start) });
        }
        return place;
      }
      case EVENT_ID.SCALAR: {
        // A quoted text starts at its quote, an empty value at its key.
        const quoted = event.style === 2 || event.style === 3;
        if (event.valueStart >= 0) this.end = event.valueEnd;
        const place = leaf(event.valueStart < 0 ? fallback : event.valueStart - (quoted ? 1 : 0));
        this.name(event, place);
        return place;
      }
      default:
        return leaf(fallback);
    }
  }

  private key(fallback: number): { readonly key: string; readonly start: number } {
    const event = this.events[this.at];
    const { start } = this.value(fallback);
    if (event?.type !== EVENT_ID.SCALAR || event.valueStart < 0) return { key: '', start };
    const raw = this.text.slice(event.valueStart, event.valueEnd);
    return { key: event.style === 3 ? unescaped(raw) : event.style === 2 ? raw.replaceAll("''", "'") : raw, start };
  }

  /** Offset of the next element's dash when nothing follows the dash; null otherwise. */
  private emptyElement(): number | null {
    const event = this.events[this.at];
    if (event?.type !== EVENT_ID.SCALAR || event.valueStart >= 0) return null;
    const dash = /^([ \t]*)-[ \t]*(?:#.*)?$/gm;
    dash.lastIndex = this.end;
    const line = dash.exec(this.text);
    if (line === null) return null;
    this.end = dash.lastIndex;
    return line.index + line[1]!.length;
  }

  /** Whether the collection has more. At its end, goes past the closing event and returns false. */
  private more(): boolean {
    const event = this.events[this.at];
    if (event !== undefined && event.type !== EVENT_ID.POP) return true;
    this.at++;
    return false;
  }

  private name(event: { readonly anchorStart: number; readonly anchorEnd: number }, place: Place): void {
    if (event.anchorStart >= 0) this.anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), place);
  }
}

function leaf(start: number): Place {
  return { start, entries: null, elements: null };
}

function unescaped(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}
