// A request's head, from any protocol. It satisfies the grammar already; routing and policy come later.

import type { Headers } from './headers.ts';

/** `contentLength` of a message whose length is not known ahead. */
export const UNKNOWN_LENGTH = -1;

/** Forms of a request target (RFC 9112 section 3.2). The authority form is CONNECT's and never gets here. */
export type TargetForm = 'origin' | 'absolute' | 'asterisk';

/** One request as received, and as it will be sent on: filters may change `query` and the headers. */
export class RequestHead {
  readonly method: string;
  readonly targetForm: TargetForm;
  /** Path as received, percent-encoded; starts with `/`, or `*` for the asterisk form. */
  readonly rawPath: string;
  /** The path contains something that needs normalisation: dots, percent signs, empty segments, a backslash. */
  readonly pathNeedsCare: boolean;
  /** Normalised path: what routing, filters and the upstream see. Empty until the exchange has begun. */
  path: string;
  /** As received. */
  readonly rawQuery: string;
  /** Without the question mark; empty when there is none. */
  query: string;
  /** Whether there is a question mark, with something after it or not. */
  hasQuery: boolean;
  /** Host with port as received: what goes upstream as Host unless the route rewrites it. Empty only in HTTP/1.0. */
  readonly authority: string;
  /** Lower case, without the port. Empty until the exchange has begun. */
  host: string;
  readonly version: '1.0' | '1.1' | '2';
  /** The fields, those that concern only the client's connection already taken out. */
  readonly headers: Headers;
  /** Announced length in bytes; 0 without a body, UNKNOWN_LENGTH when it is not known ahead. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** What the client wishes for its connection. */
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  /** Protocol that the client asked to switch to, else empty. */
  upgrade: string;
  /** Bytes of the head on the wire. */
  readonly headBytes: number;
  /** The parsed JSON body: undefined until it was gathered for routes that match on it, null when it is no JSON. */
  body: unknown;

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
    chunked: boolean,
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
    this.chunked = chunked;
    this.keepAlive = keepAlive;
    this.expectContinue = expectContinue;
    this.upgrade = upgrade;
    this.headBytes = headBytes;
    this.body = undefined;
  }

  get hasBody(): boolean {
    return this.contentLength !== 0;
  }
}
