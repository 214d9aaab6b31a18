// The introspect filter: takes an opaque token, uses the cached verdict or has the server asked, and passes the verdict to the login desk.

import { Fault } from '../../base/fault.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { wallMs } from '../../base/wall-time.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { CredentialReader, isToken68, MALFORMED } from '../../exchange/identity/credential.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { providerNeed } from '../../store/provider/provider-feed.ts';
import type { IntrospectConfig } from './config.ts';
import { clientAuthorization, questionAbout } from './question.ts';
import { TokenDesk } from './token-desk.ts';
import type { TokenResult } from './token-result.ts';

const TOKEN_BYTES_MAX = 4_096;
/** A token sent as a probe: it shows whether the server responds and knows this client. */
const NOBODYS_TOKEN = 'cardea-looks-whether-this-server-answers';

const scopeFault = new Fault('access_denied', 'The token does not have the scopes that this route requires.');

export const introspectFilter: FilterDefinition<IntrospectConfig> = {
  name: 'introspect',
  events: loginEvents,
  needs(config) {
    const { url, timeout: timeoutMs } = config;
    const question = { authorization: clientAuthorization(config), form: questionAbout(NOBODYS_TOKEN) };
    const consequence = 'no opaque token can be verified';
    return { ...loginNeeds(config), feeds: [providerNeed({ url, timeoutMs, consequence, question })] };
  },
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new IntrospectFilter(config, services),
};

class IntrospectFilter implements Filter {
  private readonly config: IntrospectConfig;
  private readonly worker: WorkerServices;
  private readonly reader: CredentialReader;
  private readonly desk: LoginDesk;
  private readonly tokens: TokenDesk;
  private readonly scopeChallenge: string;
  readonly strangers: LoginDesk;
  readonly credentialPlaces: readonly CredentialPlace[];

  constructor(config: IntrospectConfig, services: FilterServices) {
    const { worker } = services;
    this.config = config;
    this.worker = worker;
    this.credentialPlaces = config.from;
    this.reader = new CredentialReader(config.from, TOKEN_BYTES_MAX);
    this.desk = new LoginDesk(
      {
        filter: 'introspect',
        challenge: 'Bearer realm="cardea"',
        challengeInvalid: 'Bearer realm="cardea", error="invalid_token"',
        failedLogins: config.failedLogins,
        forward: config.forward,
        consumerRequired: config.consumer?.required ?? false,
        optional: config.optional,
      },
      services,
    );
    this.strangers = this.desk;
    // A token is the same on a route that requires one and on a route that does not.
    const shared = JSON.stringify({ ...config, optional: false });
    this.tokens = worker.lasting(`introspect ${shared}`, () => new TokenDesk(config, worker));
    this.scopeChallenge = `Bearer realm="cardea", error="insufficient_scope", scope="${config.scopes.join(' ')}"`;
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { desk } = this;
    const token = this.reader.take(exchange);
    if (token === null) return desk.missing(exchange);
    const known = token === MALFORMED ? undefined : this.tokens.known(token);
    // Because: a token that was active when last checked is no guess; its caller continues while others there are throttled.
    if (!known?.login && desk.isThrottled(exchange)) return undefined;
    if (known !== undefined && this.holds(known, known.freshUntilMs)) return this.decide(exchange, known);
    if (token === MALFORMED || !isToken68(token)) return desk.invalid(exchange, 'malformed');
    return this.decideLater(exchange, token, known);
  }

  withhold(exchange: Exchange, of: readonly CredentialPlace[]): void {
    if (!this.config.forward.keepCredential) this.reader.dropBeside(exchange, of);
  }

  /** Whether a verdict may be used until `untilMs` of the thread's clock, and its token has not expired. */
  private holds({ expiresAtMs }: TokenResult, untilMs: number): boolean {
    const { now } = this.worker.clock;
    return untilMs > now && expiresAtMs > wallMs(now);
  }

  private async decideLater(exchange: Exchange, token: string, known: TokenResult | undefined): Promise<void> {
    const said = await this.tokens.ask(token);
    if (exchange.ended) return;
    if (said !== null) this.decide(exchange, said);
    else if (this.config.whenAway === 'stale' && known?.login && this.holds(known, known.staleUntilMs))
      this.decide(exchange, known);
    else this.desk.unavailable(exchange);
  }

  private decide(exchange: Exchange, { failure, login, suffices }: TokenResult): void {
    const { desk, config } = this;
    if (failure !== null || login === null) desk.invalid(exchange, failure ?? 'unknown');
    else if (!suffices) desk.forbid(exchange, scopeFault, this.scopeChallenge);
    else if (desk.admit(exchange, login) && !config.forward.keepCredential) this.reader.drop(exchange);
  }
}
