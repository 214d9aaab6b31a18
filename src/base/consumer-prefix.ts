// The prefix of the header names that are reserved for the gateway, whichever filter writes them: clients cannot send them.

export const CONSUMER_PREFIX = 'x-consumer-';
