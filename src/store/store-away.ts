// The error of a store that cannot be asked now. A value of its own, so that callers can tell it from a wrong question.

/** Rejects what was asked of a store that is away. `reason` names no address and no secret. */
export class StoreAway extends Error {
  readonly store: string;
  readonly reason: string;

  constructor(store: string, reason: string) {
    super(`the store "${store}" is away: ${reason}`);
    this.name = 'StoreAway';
    this.store = store;
    this.reason = reason;
  }

  /** What came of asking a store: it is away, for the reason that its driver gives. One that says so already stays as it is. */
  static because(error: unknown, store: string): StoreAway {
    if (error instanceof StoreAway) return error;
    return new StoreAway(store, reasonOf(error));
  }
}

/** Why a store could not be asked, for the operator: what its driver says, or the code alone where that names an address. */
export function reasonOf(error: unknown): string {
  if (error instanceof StoreAway) return error.reason;
  if (!(error instanceof Error)) return String(error);
  const namesAddress = 'address' in error || 'hostname' in error;
  return namesAddress && 'code' in error ? String(error.code) : error.message;
}
