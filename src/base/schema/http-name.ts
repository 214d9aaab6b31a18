// Names of headers and cookies in the configuration, as HTTP allows them (RFC 9110 section 5.6.2).

import { z } from 'zod';

/** `what` says what kind of name it is, for the message. */
export const httpName = (what: string) =>
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, `expected the name of a ${what}`);
