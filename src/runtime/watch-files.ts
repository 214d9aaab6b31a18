// Notices that configuration files changed: files written in place or replaced by editors, symbolic links that are
// swapped as Kubernetes does in mounted volumes, files that appear and vanish. Reads no content.

import { type FSWatcher, readdirSync, readlinkSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { type FilePrint, filePrintOf, isSamePrint, mayBeHalfWritten } from '../base/file-print.ts';

/** Editors and deployments write several times: events closer together than this are one change. */
const SETTLE_MS = 100;

/** Half of a configuration file may be valid but lack routes, so a file that may be half-written has to be unchanged for this time. */
const WRITTEN_SETTLE_MS = 1_000;

/** Period of checks without an event, for file systems that report none, such as network mounts. */
const POLL_EVERY_MS = 5_000;

/** Granularity of file times: file systems take them from a clock that advances in steps. */
const CLOCK_STEP_MS = 10;

/** Names of files that may belong to a configuration, in folders that an `include` pattern or certificates refer to. */
const configFile = /\.(ya?ml|json|pem|crt|key)$/;

/** Most symbolic links in one path, as in Linux. */
const LINKS_MAX = 40;

export class FileWatch {
  private readonly onChange: () => void;
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly timer: NodeJS.Timeout;
  private files: readonly string[] = [];
  /** By folder, the names of its entries that lead to watched files. */
  private entries: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** Folders in which every file with a matching name counts: those that were given as `<folder>/*`. */
  private wholeFolders: ReadonlySet<string> = new Set();
  private settle: NodeJS.Timeout | null = null;
  /** The file states that were last read or reported, by file. */
  private seen: FilePrints = new Map();
  /** File states while a file may still be half-written, and since when they are unchanged; null when no file may be. */
  private unsettled: { readonly files: FilePrints; readonly since: number } | null = null;

  /** `onChange` is called once for changes that come close together. Nothing is watched before `follow`. */
  constructor(onChange: () => void) {
    this.onChange = onChange;
    this.timer = setInterval(() => this.poll(), POLL_EVERY_MS).unref();
  }

  /**
   * Watches these files from now on, and the folder entries that lead to them. To be called after every reading, which began at `readSince`
   * (milliseconds since 1970): a new file that was modified after that time may differ from what was read, and is reported as changed.
   */
  follow(files: readonly string[], readSince = Number.POSITIVE_INFINITY): void {
    this.files = files.map(file => path.resolve(file));
    this.wholeFolders = new Set(this.files.filter(file => path.basename(file) === '*').map(file => path.dirname(file)));
    this.entries = byFolder(this.files.flatMap(entriesOnTheWay));
    for (const [folder, watcher] of this.watchers) {
      if (this.entries.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of this.entries.keys()) this.watchFolder(folder);
    // Known files keep their earlier state: a file that changed while it was being read is reported once more.
    const now = this.prints();
    const before = this.seen;
    this.seen = new Map(
      Array.from(now, ([file, print]) => [
        file,
        before.get(file) ?? (isChangedSince(file, readSince) ? unread : print),
      ]),
    );
    if (Array.from(this.seen.values()).includes(unread)) this.pollSoon();
  }

  close(): void {
    clearInterval(this.timer);
    if (this.settle !== null) clearTimeout(this.settle);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private watchFolder(folder: string): void {
    if (this.watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => this.onEvent(folder, event, name));
      // The folder was removed, or the system has no watches left: the periodic check continues.
      watcher.on('error', () => {
        watcher.close();
        this.watchers.delete(folder);
      });
      this.watchers.set(folder, watcher);
    } catch {
      // As above.
    }
  }

  /** Ignores other entries of these folders: writes to an access log would keep a change waiting as long as there is traffic. */
  private onEvent(folder: string, event: string, name: string | null): void {
    // A folder that is moved or removed reports this under its own name. A folder that takes its place has to be watched anew.
    if (event === 'rename' && name === path.basename(folder)) {
      this.watchers.get(folder)?.close();
      this.watchers.delete(folder);
      this.pollSoon();
      return;
    }
    const isKnown =
      name === null ||
      this.entries.get(folder)?.has(name) === true ||
      (this.wholeFolders.has(folder) && configFile.test(name));
    // In a folder that is itself followed, entries that appear or vanish are reported as `rename`, writes as `change`.
    if (isKnown || (event === 'rename' && this.files.includes(folder))) this.pollSoon();
  }

  private pollSoon(delayMs = SETTLE_MS): void {
    if (this.settle !== null) clearTimeout(this.settle);
    this.settle = setTimeout(() => this.poll(), delayMs).unref();
  }

  private poll(): void {
    if (this.files.length === 0) return;
    for (const folder of this.entries.keys()) this.watchFolder(folder);
    const now = this.prints();
    if (areSame(now, this.seen)) {
      this.unsettled = null;
      return;
    }
    const waitMs = this.waitFor(now);
    if (waitMs > 0) {
      this.pollSoon(waitMs);
      return;
    }
    this.unsettled = null;
    this.seen = now;
    this.onChange();
  }

  /** Milliseconds to wait for a file that may be half-written, until all files have been unchanged for long enough; 0 or less to go on. */
  private waitFor(now: FilePrints): number {
    const isHalfWritten = ([file, print]: readonly [string, FilePrint]): boolean =>
      mayBeHalfWritten(print, this.seen.get(file) ?? unread);
    if (this.unsettled === null && !Array.from(now).some(isHalfWritten)) return 0;
    const at = performance.now();
    if (this.unsettled === null || !areSame(now, this.unsettled.files)) this.unsettled = { files: now, since: at };
    return this.unsettled.since + WRITTEN_SETTLE_MS - at;
  }

  private prints(): Map<string, FilePrint> {
    const files = new Set(this.files);
    for (const folder of this.wholeFolders) {
      for (const name of namesIn(folder)) if (configFile.test(name)) files.add(path.join(folder, name));
    }
    return new Map(Array.from(files, file => [file, filePrintOf(file)]));
  }
}

/** File states by file. */
type FilePrints = ReadonlyMap<string, FilePrint>;

/** Equals the state of no file: what was read may not be what is there now. */
const unread: FilePrint = { kind: 'other', bytes: -1, inode: -1, modifiedMs: -1, changedMs: -1 };

function areSame(a: FilePrints, b: FilePrints): boolean {
  return a.size === b.size && Array.from(a).every(([file, print]) => isSamePrint(print, b.get(file) ?? unread));
}

function isChangedSince(file: string, since: number): boolean {
  try {
    const status = statSync(file);
    // Only a file or folder can be read again: a pipe is written while it is read, and only once.
    return (status.isFile() || status.isDirectory()) && status.ctimeMs >= since - CLOCK_STEP_MS;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Names of the entries, grouped by their folder. */
function byFolder(entries: Iterable<string>): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const entry of entries) {
    const folder = path.dirname(entry);
    const known = names.get(folder);
    if (known === undefined) names.set(folder, new Set([path.basename(entry)]));
    else known.add(path.basename(entry));
  }
  return names;
}

/** Every folder entry whose change can make this path mean another file: the file's own entry, and each symbolic link on the way. */
function entriesOnTheWay(file: string): string[] {
  const entries = [file];
  let rest = file.split(path.sep).filter(part => part !== '');
  let at = path.parse(file).root;
  for (let links = 0; rest.length > 0 && links < LINKS_MAX; ) {
    const next = path.join(at, rest[0]!);
    const target = linkTarget(next);
    rest = rest.slice(1);
    if (target === null) {
      at = next;
      continue;
    }
    links++;
    entries.push(next);
    const resolved = path.resolve(at, target);
    at = path.parse(resolved).root;
    rest = [...resolved.split(path.sep).filter(part => part !== ''), ...rest];
  }
  entries.push(at);
  return entries;
}

function linkTarget(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}
