// The part of oidc-provider that tests use; the package brings no types.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    /** Ends a page that asked the user something. A member that may be replaced. */
    interactionFinished: (
      request: IncomingMessage,
      response: ServerResponse,
      result: { readonly login?: object },
      options?: object,
    ) => Promise<void>;
    on(event: string, listener: (...args: never[]) => void): this;
  }
  export default Provider;
}
