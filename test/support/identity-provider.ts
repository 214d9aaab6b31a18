// A real OpenID Connect provider (oidc-provider) in the test's process, with one user page that asks only for a name.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface IdentityProviderOptions {
  /** Clients in the format of oidc-provider. */
  readonly clients: readonly object[];
  /** Claims of every user besides `sub`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Settings of oidc-provider that override those made here. */
  readonly settings?: object;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** The level (`acr`) of logins from now on; the provider's default while undefined. */
  level: string | undefined;
  /** Stops answering, like an unavailable provider, but keeps its port. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export async function startIdentityProvider(
  make: (issuer: string) => IdentityProviderOptions,
): Promise<IdentityProvider> {
  let handle: ReturnType<Provider['callback']> | null = null;
  let paused = false;
  const server: Server = createServer((request, response) => {
    if (paused || handle === null) request.socket.destroy();
    else handle(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  // Because: a TCP server that listens has a port.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { clients, claims = {}, settings = {} } = make(issuer);
  const provider = new Provider(issuer, {
    clients,
    cookies: { keys: ['a key of the test'] },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...claims }) }),
    conformIdTokenClaims: false,
    // Because: the provider's own guard against inner addresses would keep it from calling a gateway on loopback.
    fetch: (url: string, { dispatcher: _dispatcher, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, options),
    claims: { openid: ['sub', 'acr', ...Object.keys(claims)] },
    features: {
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    ...settings,
  });
  handle = provider.callback();
  const finished = provider.interactionFinished.bind(provider);
  provider.interactionFinished = (request, response, result, options) => {
    const { login } = result;
    const reached = login === undefined ? result : { ...result, login: { ...login, acr: running.level } };
    return finished(request, response, reached, options);
  };
  const running: IdentityProvider = {
    issuer,
    level: undefined,
    pause() {
      paused = true;
      server.closeAllConnections();
    },
    resume() {
      paused = false;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return running;
}
