// What limits distinguish callers by, and what only some of the filters that identify callers know. A tenant is the consumer's.

export type CallerPart = 'consumer' | 'key' | 'claim';

/** What a filter can make known that reads a token, and finds the consumer only as `consumer` says. */
export function partsOfToken({ consumer }: { readonly consumer?: object | undefined }): readonly CallerPart[] {
  return consumer === undefined ? ['claim'] : ['claim', 'consumer'];
}

export const callerParts: readonly CallerPart[] = ['consumer', 'key', 'claim'];
