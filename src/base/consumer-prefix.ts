// Names of header fields that begin so are the gateway's own, whichever filter writes them: no client can bring them.

export const CONSUMER_PREFIX = 'x-consumer-';
