// Discovery by a file with a list of endpoints, which a deployment rewrites: checked often, read when it changed. What the file may contain
// is defined by the configuration language: src/compile passes in the reader.

import { readFileSync, statSync } from 'node:fs';
import { type FilePrint, isSamePrint, mayBeHalfWritten, printOf } from '../../base/file-print.ts';
import type { FeedOutlet } from '../../store/feed.ts';
import type { UpstreamProtocol } from '../endpoint.ts';
import type { DiscoveredEndpoint, DiscoveredSet, Discovery } from './discovery.ts';
import { type Look, Refresh, type RefreshTime } from './refresh.ts';

/** The file, and the protocol that will be spoken to its endpoints. */
export type EndpointFileSettings = { readonly path: string; readonly protocol: UpstreamProtocol };

/** Reads the text of an endpoint file. Throws an Error that says what is wrong and where. */
export type EndpointFileReader = (
  text: string,
  file: string,
  protocol: UpstreamProtocol,
) => readonly DiscoveredEndpoint[];

const LOOK_EVERY_MS = 500;
/** Size limit of the file: a set of a million endpoints is a mistake. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Discovery of kind `endpointFile`; the spec is its `EndpointFileSettings`. */
export function endpointFile(read: EndpointFileReader, time?: RefreshTime): Discovery {
  return {
    kind: 'endpointFile',
    start(spec, outlet: FeedOutlet<DiscoveredSet>) {
      // Because: src/compile/upstream-members.ts makes the spec.
      const { path, protocol } = spec as unknown as EndpointFileSettings;
      const watched = new WatchedFile(path, text => read(text, path, protocol));
      const settings = { subject: `file ${path}`, keptMinMs: LOOK_EVERY_MS, keptMaxMs: LOOK_EVERY_MS };
      return new Refresh(() => watched.look(), settings, outlet, time);
    },
  };
}

class WatchedFile {
  private readonly file: string;
  private readonly read: (text: string) => readonly DiscoveredEndpoint[];
  /** State of the file when it was last read; null before. */
  private known: FilePrint | null = null;
  /** State at the last look of a file that may be half-written; null when the file is not being waited for. */
  private unsettled: FilePrint | null = null;
  private endpoints: readonly DiscoveredEndpoint[] = [];

  constructor(file: string, read: (text: string) => readonly DiscoveredEndpoint[]) {
    this.file = file;
    this.read = read;
  }

  async look(): Promise<Look> {
    const now = printOf(statSync(this.file));
    if (now.kind !== 'file') throw new Error('it is not a file');
    if (now.bytes > FILE_BYTES_MAX) throw new Error('it is larger than 16 MiB');
    if (this.known === null || !isSamePrint(now, this.known)) this.onChange(now);
    return { endpoints: this.endpoints, validMs: LOOK_EVERY_MS };
  }

  /** Reads the file. One that may be half-written is read only when it has not changed from one look to the next. */
  private onChange(now: FilePrint): void {
    const isHalfWritten = this.unsettled !== null || (this.known !== null && mayBeHalfWritten(now, this.known));
    if (isHalfWritten && (this.unsettled === null || !isSamePrint(now, this.unsettled))) {
      this.unsettled = now;
      return;
    }
    this.endpoints = this.read(readFileSync(this.file, 'utf8'));
    this.known = now;
    this.unsettled = null;
  }
}
