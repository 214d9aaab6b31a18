// What every program that makes load takes and reports. The programs are wrk.ts and h2load.ts.

/** What is sent. The first element is a mode of wrk.lua, or `handshake` or `resume` for programs/tls-connections.ts. */
export type LoadRequest =
  | readonly ['get' | 'page' | 'close' | 'handshake' | 'resume', path: string]
  | readonly ['spread', count: number, pathFormat: string]
  | readonly ['upload', path: string, bytes: number]
  /** Tokens from a file, one a line, on `routes` paths. The next token is drawn by Zipf's law, or taken in turn. */
  | readonly ['tokens', file: string, routes: number, pathFormat: string, order: 'zipf' | 'turn']
  /** X-Tenant with one of `count` values in an order that no cache can follow, begun elsewhere each time. */
  | readonly ['tenants', path: string, count: number]
  | readonly ['header', path: string, name: string, value: string]
  /** The modes of h2load.ts. */
  | readonly ['h2', path: string]
  | readonly ['grpc', path: string, messageBytes: number];

export interface LoadOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly request: LoadRequest;
  readonly seconds: number;
  readonly connections: number;
}

export interface LoadResult {
  /** Requests that got a response, including the failed ones. */
  readonly requests: number;
  /** Bytes read, heads included. */
  readonly bytes: number;
  readonly durationUs: number;
  /** Broken connections, timeouts and statuses from 400. */
  readonly failed: number;
  readonly errors: string;
  /** Microseconds from sending a request to the end of its response, in a closed loop. */
  readonly p50Us: number;
  readonly p99Us: number;
}
