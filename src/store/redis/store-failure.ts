// What a limit does while its Redis is away, and how it learns the number of gateways. Shapes only.

/** `open` admits, `closed` refuses, `local` gives each gateway its share of the limit. */
export type StoreFailure = 'open' | 'closed' | 'local';

/** What the supervisor tells its workers of a store with limits: the value of the feed `limits`. Never log it, never show it. */
export interface LimitsNews {
  /** Gateways that were alive when Redis was last heard, including this one; 1 before. */
  readonly gateways: number;
  readonly available: boolean;
  /** By which callers are hashed; the same for all gateways on this Redis. */
  readonly secret: string;
}
