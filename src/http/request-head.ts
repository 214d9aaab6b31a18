// The head of a request from any HTTP version, after its grammar was checked. Routing and policy are decided elsewhere.

import type { Headers } from './headers.ts';

/** `contentLength` of a message whose body has no announced length. */
export const UNKNOWN_LENGTH = -1;

/** Forms of a request target (RFC 9112 section 3.2). The authority form is used only by CONNECT, which the parsers refuse. */
export type TargetForm = 'origin' | 'absolute' | 'asterisk';

/** How a request came in: what routes may ask about besides its head. */
export interface Arrival {
  /** Name of the listener; empty when it has none. */
  readonly listener: string;
  /** Address of the client, as the gateway believes it. */
  readonly client: string;
}

/** One request, both as received and as it will be sent upstream: filters may change `query` and the headers. */
export class RequestHead {
  readonly method: string;
  readonly targetForm: TargetForm;
  /** Path as received, percent-encoded; starts with `/`, or `*` for the asterisk form. */
  readonly rawPath: string;
  /** Whether `rawPath` may need normalisation: for dot segments, percent signs, empty segments, backslashes, or the absolute form. */
  readonly pathNeedsCare: boolean;
  /** Normalised path, which routing, filters and the upstream use. Empty until the exchange has begun. */
  path: string;
  /** Query as received, without the question mark. */
  readonly rawQuery: string;
  /** Query that is sent upstream, without the question mark; empty when there is none. */
  query: string;
  /** Whether the target has a question mark, even with nothing after it. */
  hasQuery: boolean;
  /** Host with optional port as received. Sent upstream as Host unless the route rewrites it. Empty only in HTTP/1.0. */
  readonly authority: string;
  /** The host of `authority` in lower case, without the port. Empty until the exchange has begun. */
  host: string;
  readonly version: '1.0' | '1.1' | '2';
  /** The header fields, without the hop-by-hop fields of the client's connection. */
  readonly headers: Headers;
  /** Announced length of the body in bytes; 0 without a body, UNKNOWN_LENGTH for a body without an announced length. */
  contentLength: number;
  /** Whether a body follows whose length was not announced: chunked in HTTP/1.1, DATA without Content-Length in HTTP/2. */
  lengthUnknown: boolean;
  /** Whether the client lets its connection serve another request after this one; always true in HTTP/2. */
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  /** Protocol that the client asked to switch to, by Upgrade or by an extended CONNECT (RFC 8441); empty when it asked for none. */
  upgrade: string;
  /** Size of the head in bytes: on the wire in HTTP/1, written as an HTTP/1.1 head in HTTP/2. */
  readonly headBytes: number;
  /** The parsed JSON body: undefined until the body was buffered for routes that match on it, null when the body is not JSON. */
  body: unknown;
  /** Null where no route asks about it. */
  arrival: Arrival | null;

  constructor(
    method: string,
    targetForm: TargetForm,
    rawPath: string,
    pathNeedsCare: boolean,
    query: string,
    hasQuery: boolean,
    authority: string,
    version: '1.0' | '1.1' | '2',
    headers: Headers,
    contentLength: number,
    lengthUnknown: boolean,
    keepAlive: boolean,
    expectContinue: boolean,
    upgrade: string,
    headBytes: number,
  ) {
    this.method = method;
    this.targetForm = targetForm;
    this.rawPath = rawPath;
    this.pathNeedsCare = pathNeedsCare;
    this.path = '';
    this.rawQuery = query;
    this.query = query;
    this.hasQuery = hasQuery;
    this.authority = authority;
    this.host = '';
    this.version = version;
    this.headers = headers;
    this.contentLength = contentLength;
    this.lengthUnknown = lengthUnknown;
    this.keepAlive = keepAlive;
    this.expectContinue = expectContinue;
    this.upgrade = upgrade;
    this.headBytes = headBytes;
    this.body = undefined;
    this.arrival = null;
  }

  /** Gives a body without an announced length the one that it turned out to have. Only once all of it has arrived. */
  announceLength(bytes: number): void {
    this.contentLength = bytes;
    this.lengthUnknown = false;
    this.headers.appendTrusted('Content-Length', String(bytes));
  }

  get hasBody(): boolean {
    return this.contentLength !== 0;
  }
}
