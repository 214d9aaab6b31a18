// Discovery by a file with a list of endpoints, which a deployment rewrites: looked at often, read when it changed. What may stand in
// it is the configuration language's business: src/compile brings the reader.

import { readFileSync, statSync } from 'node:fs';
import { type FilePrint, isSamePrint, mayBeHalfWritten, printOf } from '../../base/file-print.ts';
import type { FeedOutlet } from '../../store/feed.ts';
import type { DiscoveredEndpoint, DiscoveredSet, Discovery } from './discovery.ts';
import { type Look, Refresh, type RefreshTime } from './refresh.ts';

/** Reads the text of such a file. Throws an Error that says what is wrong and where. */
export type EndpointFileReader = (text: string, file: string) => readonly DiscoveredEndpoint[];

const LOOK_EVERY_MS = 500;
/** A set of a million endpoints is a mistake. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** The spec is the file's path. */
export function endpointFile(read: EndpointFileReader, time?: RefreshTime): Discovery {
  return {
    kind: 'endpointFile',
    start(spec, outlet: FeedOutlet<DiscoveredSet>) {
      const file = String(spec);
      const watched = new WatchedFile(file, read);
      const settings = { subject: `file ${file}`, keptMinMs: LOOK_EVERY_MS, keptMaxMs: LOOK_EVERY_MS };
      return new Refresh(() => watched.look(), settings, outlet, time);
    },
  };
}

class WatchedFile {
  private readonly file: string;
  private readonly read: EndpointFileReader;
  /** As it was when it was read last; null before. */
  private known: FilePrint | null = null;
  /** Of a file that may be half-written, as it was at the last look; null when there is none to wait for. */
  private unsettled: FilePrint | null = null;
  private endpoints: readonly DiscoveredEndpoint[] = [];

  constructor(file: string, read: EndpointFileReader) {
    this.file = file;
    this.read = read;
  }

  async look(): Promise<Look> {
    const now = printOf(statSync(this.file));
    if (now.kind !== 'file') throw new Error('it is not a file');
    if (now.bytes > FILE_BYTES_MAX) throw new Error('it is larger than 16 MiB');
    if (this.known === null || !isSamePrint(now, this.known)) this.onChange(now);
    return { endpoints: this.endpoints, keptMs: LOOK_EVERY_MS };
  }

  /** What may be half-written is read when it has been still from one look to the next. */
  private onChange(now: FilePrint): void {
    const isHalfWritten = this.unsettled !== null || (this.known !== null && mayBeHalfWritten(now, this.known));
    if (isHalfWritten && (this.unsettled === null || !isSamePrint(now, this.unsettled))) {
      this.unsettled = now;
      return;
    }
    this.endpoints = this.read(readFileSync(this.file, 'utf8'), this.file);
    this.known = now;
    this.unsettled = null;
  }
}
