import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '../http/headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import { grpcTimeoutMs } from './grpc-answer.ts';

function timeoutOf(text: string): number {
  // Because: `grpcTimeoutMs` looks at nothing else of a head.
  return grpcTimeoutMs({ headers: Headers.from([['grpc-timeout', text]]) } as unknown as RequestHead);
}

test('each unit of grpc-timeout, and what is none', () => {
  const read = { '2H': 7_200_000, '3M': 180_000, '4S': 4_000, '5m': 5, '6000u': 6, '7000000n': 7, '0m': 0 };
  for (const [text, ms] of Object.entries(read)) assert.equal(timeoutOf(text), ms, text);
  for (const text of ['', '5', '5s', '-5S', '1.5S', '123456789m', '5 S']) assert.equal(timeoutOf(text), Infinity, text);
});
