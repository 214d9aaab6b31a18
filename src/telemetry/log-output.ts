// What the access log writes to: how files, pipes and standard output are opened, and how much each takes at once. Keeps no state.

import { constants, fstatSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export const STDOUT_FD = 1;
export const LINE_FEED = 0x0a;

/** What POSIX calls PIPE_BUF: a write to a pipe up to this size is never mixed with another writer's. */
const PIPE_WRITE_BYTES_MAX = 4_096;

const { O_APPEND, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

/** Opens the log and returns its descriptor. Throws an Error that tells the operator which setting names what cannot be opened. */
export function openLog(path: string): number {
  try {
    return open(path);
  } catch (error) {
    const why = openFailure(resolve(path), error as NodeJS.ErrnoException); // Because: openSync throws nothing but Errors
    // If standard output is a socket, as a service manager's is, or another user's pipe, it can be written to but not opened.
    const hint = /^\/(dev\/stdout|dev\/fd\/1|proc\/self\/fd\/1)$/.test(path) ? '; `stdout` is standard output' : '';
    throw new Error(`accessLog.path: ${why}${hint}`);
  }
}

function openFailure(file: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no folder ${dirname(file)}`;
  if (code === 'EACCES' || code === 'EPERM') return `${file} may not be written by this user`;
  if (code === 'EISDIR') return `${file} is a folder`;
  if (code === 'EROFS') return `${file} is on a file system that is read-only`;
  return `${file} cannot be opened: ${message}`;
}

function open(path: string): number {
  if (path === 'stdout') return openStdout();
  // Opening a pipe for writing only holds up the whole thread until somebody reads. A write to a full pipe also waits, in one of the few
  // threads that all workers share.
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) return openPipe(path);
  return openSync(path, 'a', 0o640);
}

/**
 * Opens the pipe for both directions, so that this works without a reader as well. A collector's pipe may allow this user only to write:
 * then it is opened for writing.
 */
function openPipe(path: string): number {
  try {
    return openSync(path, O_RDWR | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error; // Because: openSync throws nothing but Errors
    return openSync(path, O_WRONLY | O_NONBLOCK);
  }
}

/**
 * Opens a pipe at standard output anew, so that this log's writes never wait, and writes of others who share the pipe work as before. Where
 * that is not possible, takes standard output as it is.
 */
function openStdout(): number {
  if (!fstatSync(STDOUT_FD).isFIFO()) return STDOUT_FD;
  try {
    return openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {
    return STDOUT_FD;
  }
}

/** Number of whole lines among the first `length` bytes. */
export function linesIn(bytes: Buffer, length: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < length; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}

/** Whether `fd` is a pipe or a socket, where large writes of several workers could mix. */
export function isPipe(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket();
}

/** Length of the longest run of whole lines from `start` that a pipe takes in one piece; of one line, if that line alone is longer. */
export function pipePiece(bytes: Buffer, length: number, start: number): number {
  if (length - start <= PIPE_WRITE_BYTES_MAX) return length - start;
  const lineEnd = bytes.lastIndexOf(LINE_FEED, start + PIPE_WRITE_BYTES_MAX - 1);
  if (lineEnd >= start) return lineEnd + 1 - start;
  return bytes.indexOf(LINE_FEED, start + PIPE_WRITE_BYTES_MAX) + 1 - start;
}
