// What the outside service said of a request. Shapes only.

import type { Login } from '../../exchange/login.ts';
import type { Reply } from '../../exchange/response.ts';

export type Verdict =
  /** It may pass; `copied` is name, value, name, value for the upstream, `cookies` are set with the client's answer. */
  | {
      readonly kind: 'admitted';
      readonly login: Login;
      readonly copied: readonly string[];
      readonly cookies: readonly string[];
    }
  /** What the client is given instead. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** Nobody decided; `reason` is for the operator. */
  | { readonly kind: 'failed'; readonly reason: string };
