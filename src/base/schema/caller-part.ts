// What limits distinguish callers by, and what only some of the filters that identify callers know. A tenant is the consumer's.

export type CallerPart = 'consumer' | 'key' | 'claim';

export const callerParts: readonly CallerPart[] = ['consumer', 'key', 'claim'];
