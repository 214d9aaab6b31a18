// The external service's verdict on a request. Types only.

import type { Login } from '../../exchange/identity/login.ts';
import type { Reply } from '../../exchange/response.ts';

export type Verdict =
  /** The request may pass. `copied` holds name, value, name, value for the upstream; `cookies` are set in the response to the client. */
  | {
      readonly kind: 'admitted';
      readonly login: Login;
      readonly copied: readonly string[];
      readonly cookies: readonly string[];
    }
  /** The response that the client gets instead. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** The service gave no verdict; `reason` is for the operator. */
  | { readonly kind: 'failed'; readonly reason: string };
