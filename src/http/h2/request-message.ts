// Builds a request from a decoded header block (RFC 9113 section 8.3), once and strictly, in the form that the rest of the gateway
// uses: a head as in HTTP/1.1. Knows neither streams nor frames. Long because it is one grammar.

import type { FaultCode } from '../../base/fault.ts';
import { flatText } from '../../base/latin1.ts';
import { isAuthority } from '../authority.ts';
import { TargetByte, targetByte } from '../byte-classes.ts';
import type { HeadLimits } from '../h1/field-lines.ts';
import { HeaderId, isDisguised } from '../header-names.ts';
import { FIELD_STRIDE, Headers } from '../headers.ts';
import { knownMethods } from '../methods.ts';
import { RefusalForm, refusalForm } from '../refusal-form.ts';
import { RequestHead, type TargetForm, UNKNOWN_LENGTH } from '../request-head.ts';
import { type Field, FieldFlaw, PseudoId } from './hpack/field.ts';
import type { FieldBlock } from './hpack/field-block.ts';

/** `contentLength` of a message without Content-Length. */
const NO_LENGTH = -1;

/** What to do with a message. */
export const Verdict = {
  /** It is a valid request. */
  served: 0,
  /** It is not a valid request: the stream ends with PROTOCOL_ERROR (RFC 9113 section 8.1.1). */
  malformed: 1,
  /** It is a request that the gateway refuses with a response. */
  refused: 2,
} as const;

/**
 * A request as in its header block. Immutable once read, so that a block that repeats gives many requests: `toHead` makes each.
 */
export class RequestMessage {
  /** The limits by which it was judged. */
  readonly limits: HeadLimits;
  /** One of `Verdict`; `code` says why. */
  verdict: number;
  code: FaultCode;
  /** One of `RefusalForm`; valid when the verdict is `refused`. */
  refusalForm: number;
  method: string;
  private targetForm: TargetForm;
  private rawPath: string;
  private pathNeedsCare: boolean;
  private query: string;
  private hasQuery: boolean;
  private authority: string;
  /** The head in HTTP/1.1 form: start line, Host, the other fields; without the empty line. */
  private text: string;
  private readonly index: number[];
  private neverIndexed: ReadonlySet<string> | null;
  private contentLength: number;
  private expectContinue: boolean;
  /** The protocol of an extended CONNECT (RFC 8441), always `websocket`; empty for other requests. */
  protocol: string;

  constructor(limits: HeadLimits) {
    this.limits = limits;
    this.verdict = Verdict.served;
    this.code = 'internal_error';
    this.refusalForm = RefusalForm.problem;
    this.method = '';
    this.targetForm = 'origin';
    this.rawPath = '';
    this.pathNeedsCare = false;
    this.query = '';
    this.hasQuery = false;
    this.authority = '';
    this.text = '';
    // The entry of Host, whose offsets are filled in last.
    this.index = [HeaderId.host, 0, 0, 0];
    this.neverIndexed = null;
    this.contentLength = NO_LENGTH;
    this.expectContinue = false;
    this.protocol = '';
  }

  /** Whether the request may end without a body: it announces no length, or a length of 0. */
  get mayEndAtOnce(): boolean {
    return this.contentLength <= 0;
  }

  /** Makes a head that filters may change. `endStream`: no body follows. */
  toHead(endStream: boolean): RequestHead {
    const { method, text, contentLength, protocol } = this;
    const headers = new Headers(text, null, 0, this.index.slice(), text.length);
    headers.neverIndexed = this.neverIndexed;
    const bodiless = endStream || protocol !== '';
    // HTTP/1.1 expects a length from these methods (RFC 9110 section 8.6); here the end of the stream shows that it is 0.
    if (endStream && contentLength === NO_LENGTH && (method === 'POST' || method === 'PUT' || method === 'PATCH'))
      headers.appendTrusted('Content-Length', '0');
    return new RequestHead(
      method,
      this.targetForm,
      this.rawPath,
      this.pathNeedsCare,
      this.query,
      this.hasQuery,
      this.authority,
      '2',
      headers,
      bodiless ? 0 : contentLength === NO_LENGTH ? UNKNOWN_LENGTH : contentLength,
      !bodiless && contentLength === NO_LENGTH,
      true,
      this.expectContinue && !endStream,
      protocol,
      text.length + 2,
    );
  }

  refuse(code: FaultCode): void {
    this.verdict = Verdict.refused;
    this.code = code;
  }

  malformed(code: FaultCode): void {
    this.verdict = Verdict.malformed;
    this.code = code;
  }

  // ---- Reading -------------------------------------------------------------------------------------------------

  /** Reads the whole block and sets `verdict`. */
  read(block: FieldBlock<RequestMessage>): void {
    this.neverIndexed = block.neverIndexed;
    this.judge(block);
    if (this.verdict === Verdict.refused) this.refusalForm = formFor(block.fields);
  }

  private judge(block: FieldBlock<RequestMessage>): void {
    if (block.tooLarge) {
      this.refuse('header_too_large');
      return;
    }
    const { fields } = block;
    let pseudo = 0;
    while (pseudo < fields.length && fields[pseudo]!.id < 0) pseudo++;
    const parts = this.readPseudoFields(fields, pseudo);
    if (parts === null) return;
    const host = this.readFields(fields, pseudo);
    if (host === null || this.verdict !== Verdict.served) return;
    this.decide(parts, host);
  }

  /** The first `count` fields, which are the pseudo-header fields; null when they are malformed (RFC 9113 section 8.3.1). */
  private readPseudoFields(fields: readonly Field[], count: number): PseudoParts | null {
    const parts: PseudoParts = { method: '', scheme: '', path: '', authority: '', protocol: '' };
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const { id, value, flaw } = fields[i]!;
      const bit = 1 << -id;
      if (id <= PseudoId.status || flaw !== FieldFlaw.none || value === '' || (seen & bit) !== 0) {
        this.malformed('malformed_pseudo_header');
        return null;
      }
      seen |= bit;
      if (id === PseudoId.method) parts.method = value;
      else if (id === PseudoId.scheme) parts.scheme = value;
      else if (id === PseudoId.path) parts.path = value;
      else if (id === PseudoId.authority) parts.authority = value;
      else parts.protocol = value;
    }
    const tunnel = parts.method === 'CONNECT' && parts.protocol === '';
    const targeted = parts.scheme !== '' && parts.path !== '';
    const whole = tunnel
      ? parts.scheme === '' && parts.path === '' && parts.authority !== ''
      : targeted && parts.method !== '' && (parts.protocol === '' || parts.method === 'CONNECT');
    if (whole) return parts;
    this.malformed('malformed_pseudo_header');
    return null;
  }

  /** Writes the other fields as lines. Returns the value of Host, empty without one; null when the message is malformed. */
  private readFields(fields: readonly Field[], from: number): string | null {
    const { index } = this;
    let host = '';
    let hosts = 0;
    let crumbs = 0;
    let cookies = '';
    let lines = '';
    for (let i = from; i < fields.length; i++) {
      const { id, name, value, flaw } = fields[i]!;
      if (flaw !== FieldFlaw.none || id < 0) {
        this.malformed(id < 0 ? 'malformed_pseudo_header' : 'malformed_header');
        return null;
      }
      switch (id) {
        case HeaderId.connection:
        case HeaderId.keepAlive:
        case HeaderId.proxyConnection:
        case HeaderId.transferEncoding:
        case HeaderId.upgrade:
          this.malformed('connection_header');
          return null;
        case HeaderId.te:
          // `trailers` is the only value allowed (RFC 9113 section 8.2.2). TE concerns this connection only, so it is not passed on.
          if (value === 'trailers') continue;
          this.malformed('connection_header');
          return null;
        case HeaderId.http2Settings:
        case HeaderId.proxyAuthenticate:
        case HeaderId.proxyAuthorization:
          continue;
        case HeaderId.host:
          hosts++;
          host = value;
          continue;
        case HeaderId.contentLength:
          if (!this.readContentLength(value)) return null;
          break;
        case HeaderId.expect:
          if (this.expectContinue || value.toLowerCase() !== '100-continue') this.refuse('expectation_failed');
          this.expectContinue = true;
          break;
        case HeaderId.cookie:
          // Several Cookie fields are joined to one, as HTTP/1.1 requires (RFC 9113 section 8.2.3).
          cookies = crumbs++ === 0 ? value : `${cookies}; ${value}`;
          continue;
        case HeaderId.other:
          // As in HTTP/1: a backend may read `content_length` as a length that the gateway did not check.
          if (isDisguised(name)) {
            this.malformed('malformed_header');
            return null;
          }
          break;
      }
      // Offsets are relative to the first line after Host; `buildText` shifts them once the length of the text before is known.
      const valueAt = lines.length + name.length + 2;
      index.push(id, lines.length, valueAt, valueAt + value.length);
      lines = `${lines}${name}: ${value}\r\n`;
    }
    if (crumbs > 0) {
      const valueAt = lines.length + 8;
      index.push(HeaderId.cookie, lines.length, valueAt, valueAt + cookies.length);
      lines = `${lines}cookie: ${cookies}\r\n`;
    }
    if (hosts > 1) {
      this.malformed('invalid_host');
      return null;
    }
    // The index always has an entry for Host, which is subtracted; each Host field that was sent counts.
    if (index.length / FIELD_STRIDE - 1 + hosts > this.limits.headerCountMax) this.refuse('header_too_large');
    this.text = lines;
    return host;
  }

  private readContentLength(value: string): boolean {
    // As in HTTP/1: one plain decimal number, once.
    if (this.contentLength !== NO_LENGTH || !/^(?:0|[1-9][0-9]{0,15})$/.test(value) || Number(value) > 2 ** 53 - 1) {
      this.malformed('invalid_content_length');
      return false;
    }
    this.contentLength = Number(value);
    return true;
  }

  /** Checks the parts in combination, and builds the head from them. */
  private decide(parts: PseudoParts, host: string): void {
    const { method, scheme, path, protocol } = parts;
    this.method = protocol === '' ? method : 'GET';
    if (parts.authority !== '' && host !== '' && parts.authority.toLowerCase() !== host.toLowerCase()) {
      // RFC 9113 section 8.3.1 prefers :authority; a message with two different hosts is refused here instead.
      this.malformed('invalid_host');
      return;
    }
    const authority = parts.authority === '' ? host : parts.authority;
    if (protocol !== '' ? protocol !== 'websocket' : !knownMethods.has(method)) this.refuse('method_not_implemented');
    else if (scheme !== 'http' && scheme !== 'https') this.refuse('malformed_target');
    // As in HTTP/1. Bytes after the head belong to the tunnel: an HTTP/1.1 upstream that declines it would read the next request as body.
    else if (protocol !== '' && this.contentLength > 0) this.refuse('invalid_upgrade');
    else if (!isAuthority(authority)) this.refuse('invalid_host');
    else this.readTarget(method, path);
    if (this.verdict !== Verdict.served) return;
    this.protocol = protocol;
    this.authority = authority;
    const startLine = `${this.method} ${path} HTTP/1.1\r\n`;
    if (startLine.length > this.limits.requestLineBytesMax + 2) {
      this.refuse('uri_too_long');
      return;
    }
    this.buildText(startLine);
  }

  private readTarget(method: string, path: string): void {
    if (path === '*') {
      this.targetForm = 'asterisk';
      this.rawPath = '*';
      if (method !== 'OPTIONS') this.refuse('malformed_target');
      return;
    }
    if (path.charCodeAt(0) !== 0x2f) {
      this.refuse('malformed_target');
      return;
    }
    let end = path.length;
    let previous = 0;
    for (let at = 0; at < path.length; at++) {
      const kind = targetByte[path.charCodeAt(at)]!;
      if (kind === TargetByte.illegal) {
        this.refuse('malformed_target');
        return;
      }
      if (end !== path.length || kind === TargetByte.plain) {
        previous = kind;
        continue;
      }
      if (kind === TargetByte.question) end = at;
      else if (kind >= TargetByte.percent || previous === TargetByte.slash) this.pathNeedsCare = true;
      previous = kind;
    }
    this.hasQuery = end !== path.length;
    this.rawPath = this.hasQuery ? path.slice(0, end) : path;
    this.query = this.hasQuery ? path.slice(end + 1) : '';
  }

  private buildText(startLine: string): void {
    const { index, authority } = this;
    const hostAt = startLine.length;
    const shift = hostAt + authority.length + 8;
    index[1] = hostAt;
    index[2] = hostAt + 6;
    index[3] = hostAt + 6 + authority.length;
    for (let at = FIELD_STRIDE; at < index.length; at += FIELD_STRIDE) {
      index[at + 1]! += shift;
      index[at + 2]! += shift;
      index[at + 3]! += shift;
    }
    this.text = flatText(`${startLine}host: ${authority}\r\n${this.text}`);
    if (this.text.length > this.limits.headerBytesMax) this.refuse('header_too_large');
  }
}

/** One of `RefusalForm` for a refused request, whatever else is wrong with its fields. */
function formFor(fields: readonly Field[]): number {
  let method = '';
  let contentType = '';
  for (const { id, value } of fields) {
    if (id === PseudoId.method) method = value;
    else if (id === HeaderId.contentType) contentType = value;
  }
  return refusalForm(method, contentType);
}

interface PseudoParts {
  method: string;
  scheme: string;
  path: string;
  authority: string;
  protocol: string;
}

/** The request in a block. A block that was read before under the same limits returns the same message. */
export function readRequest(block: FieldBlock<RequestMessage>, limits: HeadLimits): RequestMessage {
  const known = block.derived;
  if (known !== null && known.limits === limits) return known;
  const message = new RequestMessage(limits);
  message.read(block);
  block.derived = message;
  return message;
}
