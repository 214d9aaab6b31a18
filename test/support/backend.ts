// The interface that tests have for a backend behind the gateway, whichever server it is.

export interface SeenRequest {
  /** Request line as the server logged it. */
  readonly line: string;
  /** Path as the server resolved it: decoded, without dot segments. */
  readonly path: string;
  /** Alternating names and values; empty when the server does not report them. */
  readonly headers: readonly string[];
  /** Whether the body has arrived completely; always true for a server that only logs complete requests. */
  complete: boolean;
}

export interface Backend {
  readonly name: string;
  readonly port: number;
  /** Every request received since the start, including requests refused as malformed. */
  seen(): Promise<SeenRequest[]>;
  stop(): Promise<void>;
}
