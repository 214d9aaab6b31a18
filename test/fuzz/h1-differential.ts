// Differential fuzzer for the HTTP/1 engine: `node test/fuzz/h1-differential.ts --seconds 600 --seed 1`.
// Inputs that fail are saved to corpus/ (named by seed and number), and the test replays them from then on.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Reading, readRequests, readResponses } from '../conformance/adapter.ts';
import { compareRequests, compareResponse, firstSplitThatMatters, type Judgement } from './compare.ts';
import { Dice, writeRequests, writeResponse } from './grammar.ts';
import { nodeReadsRequests, nodeReadsResponses } from './node-reading.ts';

export interface FuzzInput {
  readonly direction: 'request' | 'response';
  /** Method of the request that a response answers; empty for a request. */
  readonly method: string;
  readonly bytes: Buffer;
}

export interface FuzzFailure {
  readonly input: FuzzInput;
  readonly failure: string;
}

export interface FuzzReport {
  readonly messages: number;
  readonly readings: number;
  readonly accepted: number;
  /** How often each class of differences.md explained a refusal. */
  readonly stricter: ReadonlyMap<string, number>;
  readonly failures: readonly FuzzFailure[];
}

const corpus = new URL('./corpus/', import.meta.url);
const BATCH = 128;

function read(input: FuzzInput, pieces: readonly Buffer[]): Reading {
  return input.direction === 'request' ? readRequests(pieces) : readResponses(pieces, [input.method], true);
}

/** Judges inputs. Requests and responses are collected first, because Node reads all inputs of one direction in one go. */
export async function judge(
  inputs: readonly FuzzInput[],
  byteByByte: (at: number) => boolean,
): Promise<{ input: FuzzInput; judgement: Judgement; ours: Reading }[]> {
  const requests = inputs.filter(input => input.direction === 'request');
  const responses = inputs.filter(input => input.direction === 'response');
  const theirs = new Map([
    ...(await nodeReadsRequests(requests.map(input => input.bytes))).map(
      (reading, at) => [requests[at]!, reading] as const,
    ),
    ...(await nodeReadsResponses(responses)).map((reading, at) => [responses[at]!, reading] as const),
  ]);
  return inputs.map((input, at) => {
    const text = input.bytes.toString('latin1');
    const ours = read(input, [input.bytes]);
    const split = firstSplitThatMatters(input.bytes, ours, pieces => read(input, pieces), byteByByte(at));
    if (split !== null) return { input, ours, judgement: { failure: split, stricter: null } };
    const their = theirs.get(input)!;
    const judgement =
      input.direction === 'request' ? compareRequests(text, ours, their) : compareResponse(text, ours, their);
    return { input, ours, judgement };
  });
}

/** Runs for this time, or until there are `failuresMax` failures. The seed decides everything except how far it gets. */
export async function fuzz(seconds: number, seed: number, failuresMax: number): Promise<FuzzReport> {
  const dice = new Dice(seed);
  const until = performance.now() + seconds * 1000;
  const stricter = new Map<string, number>();
  const failures: FuzzFailure[] = [];
  let messages = 0;
  let readings = 0;
  let accepted = 0;
  while (performance.now() < until && failures.length < failuresMax) {
    const inputs = Array.from({ length: BATCH }, (): FuzzInput => {
      if (dice.oneIn(2)) return { direction: 'request', method: '', bytes: writeRequests(dice) };
      return { direction: 'response', method: dice.oneIn(6) ? 'HEAD' : 'GET', bytes: writeResponse(dice) };
    });
    for (const { input, judgement, ours } of await judge(inputs, at => at % 8 === 0)) {
      messages++;
      readings += input.bytes.length;
      if (ours.error === null && ours.messages.some(message => message.complete)) accepted++;
      if (judgement.stricter !== null) stricter.set(judgement.stricter, (stricter.get(judgement.stricter) ?? 0) + 1);
      if (judgement.failure !== null) failures.push({ input, failure: judgement.failure });
    }
  }
  return { messages, readings, accepted, stricter, failures };
}

/** Inputs kept from earlier runs. File names begin with the direction, followed by the method for a response. */
export function loadCorpus(): FuzzInput[] {
  mkdirSync(corpus, { recursive: true });
  return readdirSync(corpus)
    .filter(name => name.endsWith('.http'))
    .sort()
    .map(name => {
      const [direction, method] = name.split('-');
      const bytes = readFileSync(new URL(name, corpus));
      return direction === 'request'
        ? { direction, method: '', bytes }
        : { direction: 'response', method: method!, bytes };
    });
}

/** Saves a failing input; returns its file name. */
export function keep(input: FuzzInput, label: string): string {
  mkdirSync(corpus, { recursive: true });
  const name = `${input.direction}-${input.direction === 'response' ? `${input.method}-` : ''}${label}.http`;
  writeFileSync(new URL(name, corpus), input.bytes);
  return name;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '' } },
  });
  const seed = values.seed === '' ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
  console.log(`seed ${seed}`);
  const report = await fuzz(Number(values.seconds), seed, 20);
  console.log(
    `${report.messages} messages, ${report.readings} readings over all splits, ${report.accepted} accepted by us`,
  );
  for (const [name, count] of [...report.stricter].sort((a, b) => b[1] - a[1]))
    console.log(`  stricter: ${name} ${count}`);
  for (const [at, { input, failure }] of report.failures.entries()) {
    console.log(
      `${keep(input, `seed${seed}-${at}`)}\n  ${JSON.stringify(input.bytes.toString('latin1'))}\n  ${failure}`,
    );
  }
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}
