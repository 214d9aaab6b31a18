// What the parsers return: a number, so that nothing is allocated. Positive: bytes consumed; 0: more bytes needed; negative: refused.

import type { FaultCode } from '../../base/fault.ts';

/** The message is not complete: more bytes are needed. */
export const INCOMPLETE = 0;

/** Reasons for a refusal, as negative numbers: `-reason` is the index of its fault code in `codes`. */
export const Refusal = {
  requestLine: -1,
  target: -2,
  version: -3,
  header: -4,
  lineEnding: -5,
  contentLength: -6,
  conflictingLength: -7,
  transferCoding: -8,
  chunk: -9,
  host: -10,
  upgrade: -11,
  expectation: -12,
  method: -13,
  uriTooLong: -14,
  headerTooLarge: -15,
  path: -16,
  statusLine: -17,
} as const;

const codes: readonly FaultCode[] = [
  'internal_error',
  'malformed_request_line',
  'malformed_target',
  'unsupported_version',
  'malformed_header',
  'bare_line_ending',
  'invalid_content_length',
  'conflicting_length',
  'unsupported_transfer_coding',
  'malformed_chunk',
  'invalid_host',
  'invalid_upgrade',
  'expectation_failed',
  'method_not_implemented',
  'uri_too_long',
  'header_too_large',
  'ambiguous_path',
  'upstream_malformed_response',
];

/** The fault code of a `Refusal`. */
export function refusalCode(refusal: number): FaultCode {
  return codes[-refusal] ?? 'internal_error';
}
