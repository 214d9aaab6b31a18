// Encodes the head of a request, and trailers, as header blocks towards an upstream (RFC 9113 section 8.3.1). Keeps no table.

import { HeaderId } from '../header-names.ts';
import type { Headers } from '../headers.ts';
import { FieldWriter, leftOut } from './field-writer.ts';

/** Host goes as :authority. */
const skipped = leftOut(HeaderId.host);

/** One a thread serves: a block is written and then sent at once. */
export class RequestBlock extends FieldWriter {
  private webSocketKey: string;

  constructor() {
    super(skipped);
    this.webSocketKey = '';
  }

  /** Begins a head with its pseudo-header fields; `path` with the query. */
  begin(method: string, scheme: 'http' | 'https', authority: string, path: string): void {
    const { writer } = this;
    writer.begin();
    writer.field(':method', method);
    writer.field(':scheme', scheme);
    writer.field(':path', path);
    if (authority !== '') writer.field(':authority', authority);
  }

  /** Begins the head of an extended CONNECT (RFC 8441 section 4). `key` is what an HTTP/1.1 client wants to see proved. */
  beginConnect(protocol: string, scheme: 'http' | 'https', authority: string, path: string, key: string): void {
    this.webSocketKey = key;
    this.begin('CONNECT', scheme, authority, path);
    this.writer.field(':protocol', protocol);
  }

  /** Trailers are understood: the only value that is allowed here (RFC 9113 section 8.2.2). gRPC servers require it. */
  takesTrailers(): void {
    this.writer.field('te', 'trailers');
  }

  /** The key of the head that was just written; empty if it requests no tunnel. */
  takeWebSocketKey(): string {
    const key = this.webSocketKey;
    this.webSocketKey = '';
    return key;
  }

  trailers(trailers: Headers): void {
    this.writer.begin();
    trailers.visit(this);
  }
}
