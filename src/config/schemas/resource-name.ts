// Names of routes, upstreams, consumers and plans. They appear in metrics, in logs and in URLs of the admin endpoint.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';

const described = expected(
  'a name of letters, digits and _ . : / -, at most 128 of them, that starts with a letter, a digit or _',
);

export const resourceNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$/;

export const resourceName = z.string(described).regex(resourceNamePattern, described);

/** Which letters the name of a consumer may have, for messages. */
export const consumerLetters = 'letters, digits and _ . : / @ + | -';
const consumerDescribed = expected(
  `a name of ${consumerLetters}, at most 128 of them, that starts with a letter, a digit or _`,
);

/** Consumers may have the names that their tokens and certificates give them, such as mail addresses, or `auth0|1234`. */
export const consumerNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.:/@+|-]{0,127}$/;

export const consumerName = z.string(consumerDescribed).regex(consumerNamePattern, consumerDescribed);
