// The prefix of header names that belong to the gateway, whichever filter writes them: no client can send them.

export const CONSUMER_PREFIX = 'x-consumer-';
