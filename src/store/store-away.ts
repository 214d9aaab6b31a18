// The error of a store that cannot be reached now. A class of its own, so that callers can tell it from an error in the question.

/** Rejects a call to a store that is away. `reason` contains no address and no secret. */
export class StoreAway extends Error {
  readonly store: string;
  readonly reason: string;

  constructor(store: string, reason: string) {
    super(`the store "${store}" is away: ${reason}`);
    this.name = 'StoreAway';
    this.store = store;
    this.reason = reason;
  }

  /** Wraps a driver's error with its reason; returns the error itself if it is a StoreAway already. */
  static from(error: unknown, store: string): StoreAway {
    if (error instanceof StoreAway) return error;
    return new StoreAway(store, reasonOf(error));
  }
}

/** Why a store could not be reached, for the operator: the driver's message, or only its code when the message names an address. */
export function reasonOf(error: unknown): string {
  if (error instanceof StoreAway) return error.reason;
  if (!(error instanceof Error)) return String(error);
  const namesAddress = 'address' in error || 'hostname' in error;
  return namesAddress && 'code' in error ? String(error.code) : error.message;
}
