// The part of oidc-provider that tests use; the package has no type declarations.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    /** Ends the page that asked the user for something. A property, so that a test can replace it. */
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
