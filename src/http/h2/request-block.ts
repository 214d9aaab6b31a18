// Encodes the head and trailers of a request as header blocks for an upstream (RFC 9113 section 8.3.1). Uses no dynamic table.

import { HeaderId } from '../header-names.ts';
import type { Headers } from '../headers.ts';
import { FieldWriter, leftOut } from './field-writer.ts';

/** Host is not written, since its value goes out as :authority. */
const skipped = leftOut(HeaderId.host);

/** One object per thread is enough: each block is sent as soon as it is written. */
export class RequestBlock extends FieldWriter {
  private webSocketKey: string;

  constructor() {
    super(skipped);
    this.webSocketKey = '';
  }

  /**
   * Begins a head with its pseudo-header fields. `path` includes the query; an empty `authority` is not written. `neverIndexed` is that of
   * the head whose fields follow.
   */
  begin(
    method: string,
    scheme: 'http' | 'https',
    authority: string,
    path: string,
    neverIndexed: ReadonlySet<string> | null = null,
  ): void {
    this.beginBlock(neverIndexed);
    this.field(':method', method);
    this.field(':scheme', scheme);
    this.field(':path', path);
    if (authority !== '') this.field(':authority', authority);
  }

  /** Begins the head of an extended CONNECT (RFC 8441 section 4). `key` is the client's Sec-WebSocket-Key; empty from an HTTP/2 client. */
  beginConnect(
    protocol: string,
    scheme: 'http' | 'https',
    authority: string,
    path: string,
    key: string,
    neverIndexed: ReadonlySet<string> | null,
  ): void {
    this.webSocketKey = key;
    this.begin('CONNECT', scheme, authority, path, neverIndexed);
    this.writer.field(':protocol', protocol);
  }

  /** Writes `te: trailers`, the only value of TE that HTTP/2 allows (RFC 9113 section 8.2.2). gRPC servers require it. */
  takesTrailers(): void {
    this.writer.field('te', 'trailers');
  }

  /** Returns the `key` of the head that was just written, and forgets it; empty when there is none. */
  takeWebSocketKey(): string {
    const key = this.webSocketKey;
    this.webSocketKey = '';
    return key;
  }

  trailers(trailers: Headers): void {
    this.beginBlock(trailers.neverIndexed);
    trailers.visit(this);
  }
}
