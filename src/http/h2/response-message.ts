// Builds the head of a response from a decoded header block (RFC 9113 section 8.3.2), once and strictly, in the form that the rest
// of the gateway uses: that of HTTP/1.1. Knows neither streams nor frames.

import { faultKinds } from '../../base/fault.ts';
import { flatText } from '../../base/latin1.ts';
import type { HeadLimits } from '../h1/field-lines.ts';
import { BodyFraming, ResponseHead } from '../h1/response-head.ts';
import { HeaderId } from '../header-names.ts';
import { FIELD_STRIDE, Headers } from '../headers.ts';
import { isBodiless, statusLine } from '../status.ts';
import { FieldFlaw, PseudoId } from './hpack/field.ts';
import type { FieldBlock } from './hpack/field-block.ts';

/** The outcome of reading a block. */
export const ResponseVerdict = { served: 0, malformed: 1, tooLarge: 2 } as const;

const NO_LENGTH = -1;

// Flaws, each reported to the operator once in a while. They contain no text of the endpoint's own.
const BAD_STATUS = 'It does not begin with one :status of three digits, and no other pseudo-header field.';
const BAD_FIELD =
  'A field is outside RFC 9113 section 8.2.1: a bad byte or upper case in its name, a bad byte or white space at an end of its value.';

/** A response as in its header block: immutable, so that a block that repeats needs to be read only once. */
export class ResponseMessage {
  readonly limits: HeadLimits;
  /** One of `ResponseVerdict`. */
  readonly verdict: number;
  /** What is wrong with the response, for the operator; empty when it is served. */
  readonly flaw: string;
  readonly status: number;
  /** Announced length in bytes; -1 when none was announced. */
  readonly contentLength: number;
  private readonly text: string;
  private readonly index: readonly number[];
  private readonly neverIndexed: ReadonlySet<string> | null;

  constructor(
    limits: HeadLimits,
    verdict: number,
    flaw: string,
    status: number,
    contentLength: number,
    text: string,
    index: readonly number[],
    neverIndexed: ReadonlySet<string> | null,
  ) {
    this.limits = limits;
    this.verdict = verdict;
    this.flaw = flaw;
    this.status = status;
    this.contentLength = contentLength;
    this.text = text;
    this.index = index;
    this.neverIndexed = neverIndexed;
  }

  /** Makes a head that filters may change. `endStream`: no body follows. `requestWasHead`: the request was HEAD, so no body can follow. */
  toHead(endStream: boolean, requestWasHead: boolean): ResponseHead {
    const { status, contentLength, text } = this;
    const headers = new Headers(text, null, 0, this.index.slice(), text.length);
    headers.neverIndexed = this.neverIndexed;
    const bodiless = endStream || requestWasHead || isBodiless(status);
    const framing = bodiless
      ? BodyFraming.none
      : contentLength === NO_LENGTH
        ? BodyFraming.chunked
        : contentLength === 0
          ? BodyFraming.none
          : BodyFraming.length;
    return new ResponseHead(status, true, headers, framing, contentLength, true, '');
  }
}

/** The response in a block. A block that was read before under the same limits returns the same message. */
export function readResponse(block: FieldBlock<ResponseMessage>, limits: HeadLimits): ResponseMessage {
  const known = block.derived;
  if (known !== null && known.limits === limits) return known;
  const message = block.tooLarge ? tooLarge(limits) : read(block, limits);
  block.derived = message;
  return message;
}

function tooLarge(limits: HeadLimits): ResponseMessage {
  const { meaning } = faultKinds.header_too_large;
  return new ResponseMessage(limits, ResponseVerdict.tooLarge, meaning, 0, NO_LENGTH, '', [], null);
}

function malformed(limits: HeadLimits, flaw: string): ResponseMessage {
  return new ResponseMessage(limits, ResponseVerdict.malformed, flaw, 0, NO_LENGTH, '', [], null);
}

function read({ fields, neverIndexed }: FieldBlock<ResponseMessage>, limits: HeadLimits): ResponseMessage {
  const [first] = fields;
  // The first field must be :status with three digits, the only pseudo-header field. HTTP/2 has no 101 (RFC 9113 section 8.6).
  if (
    first === undefined ||
    first.id !== PseudoId.status ||
    !/^[1-5][0-9]{2}$/.test(first.value) ||
    first.value === '101'
  )
    return malformed(limits, BAD_STATUS);
  const status = Number(first.value);
  const index: number[] = [];
  let contentLength = NO_LENGTH;
  let text = statusLine(status);
  for (let i = 1; i < fields.length; i++) {
    const { id, name, value, flaw } = fields[i]!;
    if (flaw !== FieldFlaw.none) return malformed(limits, BAD_FIELD);
    if (id < 0) return malformed(limits, BAD_STATUS);
    if ((id >= HeaderId.transferEncoding && id <= HeaderId.te) || id === HeaderId.upgrade)
      return malformed(limits, `The field ${name} has no place in HTTP/2.`);
    if (id === HeaderId.contentLength) {
      // One plain decimal number, once. Stricter than HTTP/1: at most 15 digits, and none in an interim response.
      if (contentLength !== NO_LENGTH || !/^(?:0|[1-9][0-9]{0,14})$/.test(value) || status < 200)
        return malformed(limits, faultKinds.invalid_content_length.meaning);
      contentLength = Number(value);
      if (status === 204 && contentLength > 0) return malformed(limits, 'A 204 has no body, and no length.');
    }
    // A client may read such a field as framing that the gateway did not check.
    if (name === 'content_length' || name === 'transfer_encoding')
      return malformed(limits, `The field ${name} looks like another one.`);
    const valueAt = text.length + name.length + 2;
    index.push(id, text.length, valueAt, valueAt + value.length);
    text = `${text}${name}: ${value}\r\n`;
  }
  if (index.length / FIELD_STRIDE > limits.headerCountMax || text.length > limits.headerBytesMax)
    return tooLarge(limits);
  const { served } = ResponseVerdict;
  return new ResponseMessage(limits, served, '', status, contentLength, flatText(text), index, neverIndexed);
}
