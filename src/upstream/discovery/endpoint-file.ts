// Discovery by a file with a list of endpoints, which a deployment rewrites: looked at often, read when it changed. What may stand in
// it is the configuration language's business: src/compile brings the reader.

import { readFileSync, statSync } from 'node:fs';
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
  private stamp = '';
  private inode = 0;
  private size = 0;
  /** Of a file that may still be written, as it was at the last look. */
  private unsettledStamp = '';
  private endpoints: readonly DiscoveredEndpoint[] = [];

  constructor(file: string, read: EndpointFileReader) {
    this.file = file;
    this.read = read;
  }

  async look(): Promise<Look> {
    // Follows links, so a volume that Kubernetes swaps counts as changed.
    const { ino, size, mtimeMs, ctimeMs, isFile } = statOf(this.file);
    if (!isFile) throw new Error('it is not a file');
    if (size > FILE_BYTES_MAX) throw new Error('it is larger than 16 MiB');
    const stamp = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    // Who writes it in place takes his time, and a part of it may be valid: the same file, and one that is smaller, is read when it has been
    // still from one look to the next.
    const mayBePart = ino === this.inode || size < this.size || this.unsettledStamp !== '';
    if (stamp !== this.stamp && mayBePart && stamp !== this.unsettledStamp) this.unsettledStamp = stamp;
    else if (stamp !== this.stamp) {
      this.endpoints = this.read(readFileSync(this.file, 'utf8'), this.file);
      this.stamp = stamp;
      this.inode = ino;
      this.size = size;
      this.unsettledStamp = '';
    }
    return { endpoints: this.endpoints, keptMs: LOOK_EVERY_MS };
  }
}

function statOf(file: string) {
  const status = statSync(file);
  const { ino, size, mtimeMs, ctimeMs } = status;
  return { ino, size, mtimeMs, ctimeMs, isFile: status.isFile() };
}
