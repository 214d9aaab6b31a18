// Notices that configuration files changed: by editors that write in place or replace the file, by links that are
// swapped as Kubernetes does with mounted volumes, by files that come and go. Reads no content.

import { type FSWatcher, readdirSync, readlinkSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { type FilePrint, filePrintOf, isSamePrint, mayBeHalfWritten } from '../base/file-print.ts';

/** Editors and deployments write several times; what comes within this time is one change. */
const SETTLE_MS = 100;

/** A part of a file that is still written may be valid, and lack routes: so a file that may be half-written is to be still for this time. */
const WRITTEN_SETTLE_MS = 1_000;

/** For file systems that tell nothing, such as network mounts: a look at the files now and then. */
const LOOK_EVERY_MS = 5_000;

/** File systems take the time from a clock that goes in steps. */
const CLOCK_STEP_MS = 10;

/** Files that may become part of a configuration, in the folders that an `include` with a pattern or certificates lead to. */
const configFile = /\.(ya?ml|json|pem|crt|key)$/;

/** How many links one path may lead over, as in Linux. */
const LINKS_MAX = 40;

export class FileWatch {
  private readonly onChange: () => void;
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly timer: NodeJS.Timeout;
  private files: readonly string[] = [];
  /** By folder, the names in it that lead to files. */
  private entries: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** Folders of which every file counts that looks like one: those that were given as `<folder>/*`. */
  private wholeFolders: ReadonlySet<string> = new Set();
  private settle: NodeJS.Timeout | null = null;
  /** By file. */
  private seen: FilePrints = new Map();
  /** What all look like while one may still be written, and since when they do; null when none is. */
  private unsettled: { readonly files: FilePrints; readonly since: number } | null = null;

  /** `onChange` is called at most once for changes that come together. Nothing is watched before `follow`. */
  constructor(onChange: () => void) {
    this.onChange = onChange;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /**
   * Watches these files from now on, and what happens around them. Call it after every reading, which began at `readSince`
   * (milliseconds since 1970): what is new among them and changed later may not be what was read, and is told once more.
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
    // What was seen before this reading stays as it was: a file that changed while it was read is told once more.
    const now = this.prints();
    const before = this.seen;
    this.seen = new Map(
      Array.from(now, ([file, print]) => [
        file,
        before.get(file) ?? (isChangedSince(file, readSince) ? unread : print),
      ]),
    );
    if (Array.from(this.seen.values()).includes(unread)) this.lookSoon();
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
      // A folder that was removed, or no watches left in the system: the look now and then goes on.
      watcher.on('error', () => {
        watcher.close();
        this.watchers.delete(folder);
      });
      this.watchers.set(folder, watcher);
    } catch {
      // As above.
    }
  }

  /** Other files in the same folders change as well: those of an access log would keep a change waiting for as long as there is traffic. */
  private onEvent(folder: string, event: string, name: string | null): void {
    // A folder that is moved or removed tells so under its own name. What comes to its place is another one, to be watched anew.
    if (event === 'rename' && name === path.basename(folder)) {
      this.watchers.get(folder)?.close();
      this.watchers.delete(folder);
      this.lookSoon();
      return;
    }
    const isKnown =
      name === null ||
      this.entries.get(folder)?.has(name) === true ||
      (this.wholeFolders.has(folder) && configFile.test(name));
    // What comes and goes in a folder that is followed itself is told as `rename`, what is written to as `change`.
    if (isKnown || (event === 'rename' && this.files.includes(folder))) this.lookSoon();
  }

  private lookSoon(delayMs = SETTLE_MS): void {
    if (this.settle !== null) clearTimeout(this.settle);
    this.settle = setTimeout(() => this.look(), delayMs).unref();
  }

  private look(): void {
    if (this.files.length === 0) return;
    for (const folder of this.entries.keys()) this.watchFolder(folder);
    const now = this.prints();
    if (areSame(now, this.seen)) {
      this.unsettled = null;
      return;
    }
    const waitMs = this.waitFor(now);
    if (waitMs > 0) {
      this.lookSoon(waitMs);
      return;
    }
    this.unsettled = null;
    this.seen = now;
    this.onChange();
  }

  /** How long to wait for who may still be writing: until all have been still for that time. */
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

/** By file. */
type FilePrints = ReadonlyMap<string, FilePrint>;

/** Like that of no file: what was read is not what is there. */
const unread: FilePrint = { kind: 'other', bytes: -1, inode: -1, modifiedMs: -1, changedMs: -1 };

function areSame(a: FilePrints, b: FilePrints): boolean {
  return a.size === b.size && Array.from(a).every(([file, print]) => isSamePrint(print, b.get(file) ?? unread));
}

function isChangedSince(file: string, since: number): boolean {
  try {
    const status = statSync(file);
    // A pipe is written to while it is read, and cannot be read again.
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

/** Names of entries by the folder that they are in. */
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

/** Every entry of a folder that can change so that this path means another file: its own, and links on the way. */
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
