// What tests ask of a backend behind the gateway, whichever server it is.

export interface SeenRequest {
  /** Request line as the server logged it. */
  readonly line: string;
  /** Path as the server resolved it: decoded, dot segments taken out. */
  readonly path: string;
  /** Name, value, name, value, where the server tells. */
  readonly headers: readonly string[];
  /** False while its body has not come whole; a server that only logs whole requests always says true. */
  complete: boolean;
}

export interface Backend {
  readonly name: string;
  readonly port: number;
  /** Every request seen since the start, those that it refused as malformed included. */
  seen(): Promise<SeenRequest[]>;
  stop(): Promise<void>;
}
