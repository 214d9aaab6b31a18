// The mtls filter: finds the owner of the connection's verified certificate, or of the one that a trusted proxy forwards.

import { wallMs } from '../../base/wall-time.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import type { Login } from '../../exchange/identity/login.ts';
import { LoginDesk, loginEvents, loginNeeds, strangerFault } from '../../exchange/identity/login-desk.ts';
import { ClientRules } from './client-rules.ts';
import type { MtlsConfig } from './config.ts';
import { parseForwardedCertificate } from './forwarded-certificate.ts';
import { type IssuedCertificate, RevocationLists } from './revocation-list.ts';

const FORWARDED = 'x-forwarded-client-cert';

type VerifiedCertificate = NonNullable<Exchange['client']['certificate']>;

const nobodysFault = strangerFault('The certificate does not belong to a known caller.');

export const mtlsFilter: FilterDefinition<MtlsConfig> = {
  name: 'mtls',
  events: loginEvents,
  needs: loginNeeds,
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build(config, services) {
    const { clients, fromProxy, crl, failedLogins, forward, optional } = config;
    const { worker } = services;
    const challenge = 'Certificate realm="cardea"';
    const desk = new LoginDesk(
      { filter: 'mtls', challenge, challengeInvalid: challenge, failedLogins, forward, optional },
      services,
    );
    const rules = new ClientRules(clients);
    const revoked =
      crl === undefined ? null : new RevocationLists(crl.lists, crl.authorities, crl.expired === 'accept');
    /** By certificate, which is the same object for all requests of a connection: its login, or false when no rule matches. */
    const known = new WeakMap<object, Login | false>();
    /** Likewise the authorities above each certificate. */
    const vouching = new WeakMap<object, readonly IssuedCertificate[] | null>();

    function admit(exchange: Exchange, login: Login | null | false): boolean {
      if (login) return desk.admit(exchange, login);
      desk.forbid(exchange, nobodysFault);
      return false;
    }

    function byProxy(exchange: Exchange): void {
      const { headers } = exchange.request;
      const fields = headers.getAll(FORWARDED);
      if (fields.length === 0) {
        desk.missing(exchange);
        return;
      }
      const facts = fields.length === 1 ? parseForwardedCertificate(fields[0]!) : null;
      if (facts === null) desk.malformed(exchange);
      else if (admit(exchange, rules.find(facts)) && !forward.keepCredential) headers.remove(FORWARDED);
    }

    /** Whether no list revokes the certificate or an authority above it. If one does, or the lists cannot tell, refuses the request. */
    function isValid(exchange: Exchange, certificate: VerifiedCertificate): boolean {
      if (revoked === null) return true;
      let above = vouching.get(certificate);
      if (above === undefined) {
        above = revoked.authoritiesAbove(certificate.readChain());
        vouching.set(certificate, above);
      }
      const verdict = revoked.askAll(certificate, above, wallMs(worker.clock.now));
      if (verdict === 'revoked') desk.invalid(exchange, 'revoked');
      else if (verdict === 'unknown') desk.unavailable(exchange, 60);
      return verdict === 'good';
    }

    return {
      strangers: desk,
      credentialPlaces: [{ kind: 'header', name: FORWARDED }],
      withhold(exchange, of) {
        const isOthers = of.some(({ kind, name }) => kind === 'header' && name === FORWARDED);
        if (fromProxy && !forward.keepCredential && !isOthers) exchange.request.headers.remove(FORWARDED);
      },
      onRequest(exchange) {
        const { client } = exchange;
        if (fromProxy && client.trusted) {
          byProxy(exchange);
          return;
        }
        // A claim about a certificate by an untrusted client must not reach the upstream either.
        if (fromProxy) exchange.request.headers.remove(FORWARDED);
        const { certificate } = client;
        if (certificate === null) desk.missing(exchange);
        // Because: a connection may outlive the certificate that it was made with.
        else if (certificate.expiresAt < wallMs(worker.clock.now)) desk.invalid(exchange, 'expired');
        else if (isValid(exchange, certificate)) {
          let login = known.get(certificate);
          if (login === undefined) {
            login = rules.find(certificate) ?? false;
            known.set(certificate, login);
          }
          admit(exchange, login);
        }
      },
    };
  },
};
