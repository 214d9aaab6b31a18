// Names of headers and cookies in the language, as HTTP allows them (RFC 9110 section 5.6.2).

import { z } from 'zod';

/** `what` it is the name of, for the message. */
export const httpName = (what: string) =>
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, `expected the name of a ${what}`);
