// Judges one input: our reading against Node's, and our reading of the whole against that of every split. Uses no engine code.

import type { Reading, ReadMessage } from '../conformance/adapter.ts';
import type { NodeMessage, NodeReading } from './node-reading.ts';
import { sameHeaders } from './same-headers.ts';
import { droppedClass, stricterClass } from './stricter.ts';

export interface Judgement {
  /** What is wrong; null when nothing is. */
  readonly failure: string | null;
  /** The class of differences.md when we refused what Node accepted; otherwise null. */
  readonly stricter: string | null;
}

const fine: Judgement = { failure: null, stricter: null };

function failed(failure: string): Judgement {
  return { failure, stricter: null };
}

/** Compares requests in order, as long as at least one of the two accepts them. */
export function compareRequests(text: string, ours: Reading, theirs: NodeReading): Judgement {
  const count = Math.max(ours.messages.length, theirs.messages.length);
  for (let at = 0; at < count; at++) {
    const our = ours.messages[at];
    const their = theirs.messages[at];
    const weTake = our?.complete === true;
    const theyTake = their?.complete === true;
    if (weTake && theyTake) {
      const difference = compareMessage(our, their, 'request');
      if (difference !== null) return failed(`message ${at}: ${difference}`);
      // After a switch of protocols there is no HTTP to compare.
      if (their.switched || (ours.upgrade && at === ours.messages.length - 1)) return fine;
    } else if (weTake) {
      if (their?.switched === true) return fine;
      return failed(`message ${at}: we take what Node refuses with ${theirs.error}`);
    } else if (theyTake) return stricterOrFailed(text, ours, at);
    else return fine;
  }
  return fine;
}

/** Compares one final response, or a switch of protocols; Node does not report interim responses here. */
export function compareResponse(text: string, ours: Reading, theirs: NodeReading): Judgement {
  const our = ours.messages.find(message => message.status >= 200 || message.status === 101);
  const their = theirs.messages[0];
  const weTake = our?.complete === true;
  const theyTake = their?.complete === true;
  if (weTake && theyTake) {
    const difference = compareMessage(our, their, 'response');
    return difference === null ? fine : failed(difference);
  }
  if (weTake) return failed(`we take what Node refuses with ${theirs.error}`);
  return theyTake ? stricterOrFailed(text, ours, 0) : fine;
}

function stricterOrFailed(text: string, ours: Reading, at: number): Judgement {
  const dropped = ours.error === null && ours.rest !== '' ? droppedClass(text) : null;
  if (dropped !== null) return { failure: null, stricter: dropped };
  if (ours.error === null) return failed(`message ${at}: Node takes it, we wait for more or dropped it`);
  const stricter = stricterClass(ours.error, text.slice(ours.lastStart));
  return stricter === null
    ? failed(`message ${at}: we refuse with ${ours.error} what Node takes, and nothing explains it`)
    : { failure: null, stricter };
}

function compareMessage(our: ReadMessage, their: NodeMessage, direction: 'request' | 'response'): string | null {
  if (direction === 'request') {
    if (our.method !== their.method) return `method ${our.method} against ${their.method}`;
    if (our.target !== originForm(their.target)) return `target ${our.target} against ${their.target}`;
  } else if (our.status !== their.status) return `status ${our.status} against ${their.status}`;
  if (our.version !== their.version) return `version ${our.version} against ${their.version}`;
  const isInterim = direction === 'response' && our.status < 200;
  const headers = sameHeaders(isInterim ? withoutLength(their.headers) : their.headers, our.headers);
  if (headers !== null) return `headers: ${headers}`;
  if (!their.switched && our.body !== their.body)
    return `body ${JSON.stringify(our.body)} against ${JSON.stringify(their.body)}`;
  return compareTrailers(our, their);
}

/** A Content-Length of 0 in an interim response is accepted but not passed on (RFC 9110 section 8.6). */
function withoutLength(headers: NodeMessage['headers']): NodeMessage['headers'] {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}

/** Our trailers may lack those that are forbidden in trailers; the rest has to be equal and in order. */
function compareTrailers(our: ReadMessage, their: NodeMessage): string | null {
  let from = 0;
  for (const [name, value] of our.trailers) {
    const found = their.trailers.findIndex(
      ([theirName, theirValue], at) => at >= from && theirName === name && theirValue.replace(/[ \t]+$/, '') === value,
    );
    if (found === -1) return `trailer ${name} is not among ${JSON.stringify(their.trailers)}`;
    from = found + 1;
  }
  return null;
}

function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
}

/** Reads the input in two pieces for every split, and byte by byte. Describes the first split that reads differently; null for none. */
export function firstSplitThatMatters(
  bytes: Buffer,
  whole: Reading,
  read: (pieces: Buffer[]) => Reading,
  byteByByte: boolean,
): string | null {
  for (let at = 1; at < bytes.length; at++) {
    const split = read([bytes.subarray(0, at), bytes.subarray(at)]);
    if (!sameReading(split, whole))
      return `split at ${at} reads ${JSON.stringify(split)}, whole ${JSON.stringify(whole)}`;
  }
  if (!byteByByte) return null;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at++) pieces.push(bytes.subarray(at, at + 1));
  const bitten = read(pieces);
  return sameReading(bitten, whole)
    ? null
    : `byte by byte reads ${JSON.stringify(bitten)}, whole ${JSON.stringify(whole)}`;
}

/** Compares the verdict and everything read. Which of two valid reasons a refusal gives may depend on the bytes that had arrived. */
function sameReading(one: Reading, other: Reading): boolean {
  return (
    (one.error === null) === (other.error === null) &&
    one.rest === other.rest &&
    one.upgrade === other.upgrade &&
    one.headIncomplete === other.headIncomplete &&
    one.lastStart === other.lastStart &&
    one.messages.length === other.messages.length &&
    one.messages.every((message, at) => sameMessage(message, other.messages[at]!))
  );
}

function sameMessage(one: ReadMessage, other: ReadMessage): boolean {
  return (
    one.method === other.method &&
    one.target === other.target &&
    one.status === other.status &&
    one.version === other.version &&
    one.body === other.body &&
    one.complete === other.complete &&
    samePairs(one.headers, other.headers) &&
    samePairs(one.trailers, other.trailers)
  );
}

function samePairs(one: ReadMessage['headers'], other: ReadMessage['headers']): boolean {
  if (one.length !== other.length) return false;
  return one.every(([name, value], at) => other[at]![0] === name && other[at]![1] === value);
}
