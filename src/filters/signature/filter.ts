// The signature filter: time, signature and replay before the request goes on, the body's digest while it passes.

import { Fault } from '../../base/fault.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { CredentialReader, takeScheme } from '../../exchange/credential.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { IdentityLines } from '../../exchange/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds, wallMs } from '../../exchange/login-desk.ts';
import { sourceOf } from '../../exchange/login-source.ts';
import { ReplayTable, replayTableBytes } from '../../store/replay-table.ts';
import { AWS_SCHEME } from './aws-v4.ts';
import { AwsVerifier } from './aws-verifier.ts';
import type { SignatureConfig } from './config.ts';
import { BodyDigest, matchesNothing } from './content-digest.ts';
import { MessageVerifier } from './message-verifier.ts';
import type { Verified } from './verdict.ts';

const bodyFault = new Fault('body_digest_mismatch');

/** Keys, each by the address from which it has signed, that one worker remembers. */
const PROVEN_MAX = 10_000;

/** What shows who signed. */
const signatureFields = { aws4: ['authorization'], rfc9421: ['signature', 'signature-input'] } as const;

function replayTableName(entries: number): string {
  return `seen-signatures-${entries}`;
}

/**
 * The signatures that an exchange was the first to bring, by table: what several filters ask for, one of all routes and one of its own
 * or two ways of an `anyOf`, comes once all the same.
 */
const broughtFirst = new WeakMap<Exchange, string[]>();

function challengeOf({ scheme }: SignatureConfig): string {
  return scheme === 'aws4' ? AWS_SCHEME : 'Signature realm="cardea"';
}

export const signatureFilter: FilterDefinition<SignatureConfig> = {
  name: 'signature',
  events: [...loginEvents, 'bodyMismatch'],
  needs(config) {
    const tables = [...(loginNeeds(config).tables ?? [])];
    const { replay } = config;
    if (replay !== 'off') tables.push({ name: replayTableName(replay), bytes: replayTableBytes(replay) });
    return { tables };
  },
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build(config, services) {
    const { slot, worker } = services;
    const { replay, failedLogins, forward } = config;
    const verifier = config.scheme === 'aws4' ? new AwsVerifier(config) : new MessageVerifier(config);
    const seen = replay === 'off' ? null : new ReplayTable(worker.sharedTable(replayTableName(replay)));
    const credentialPlaces = signatureFields[config.scheme].map(name => ({ kind: 'header' as const, name }));
    const reader = new CredentialReader(credentialPlaces, 0);
    const provenKeys = worker.lasting('keys that have signed', () => new RecentMap<true>(PROVEN_MAX));
    const challenge = challengeOf(config);
    const desk = new LoginDesk(
      { filter: 'signature', challenge, challengeInvalid: challenge, failedLogins, forward },
      services,
    );
    const mismatchCell = services.eventCell('bodyMismatch');

    function refuseBody(exchange: Exchange): void {
      worker.cells[mismatchCell]++;
      exchange.refuse(bodyFault);
    }

    /** Whether it may go on. */
    function isFirst(exchange: Exchange, { fingerprint, expiresS }: Verified, nowMs: number): boolean {
      if (seen === null) return true;
      const known = seen.add(fingerprint, Math.floor(nowMs / 1_000), expiresS);
      const own = broughtFirst.get(exchange) ?? [];
      const name = `${replay} ${fingerprint.toString('latin1')}`;
      if (known === 'new') broughtFirst.set(exchange, [...own, name]);
      else if (known === 'seen' && own.includes(name)) return true;
      if (known === 'seen') desk.invalid(exchange, 'replayed');
      else if (known === 'full') desk.unavailable(exchange);
      return known === 'new';
    }

    function onRequest(exchange: Exchange): void {
      const claim = verifier.read(exchange);
      if (claim === 'missing') {
        desk.missing(exchange);
        return;
      }
      if (claim === 'malformed') {
        if (!desk.isThrottled(exchange)) desk.invalid(exchange, claim);
        return;
      }
      const place = `${sourceOf(exchange.client.ip)} ${claim.keyId}`;
      // Because: no signature comes twice. A key that has signed from here goes on, whatever others behind the address have tried.
      const proven = provenKeys.get(place) === true ? claim.keyId : '';
      if (desk.isThrottled(exchange, proven)) return;
      const nowMs = wallMs(worker.clock.now);
      const verdict = claim.verify(nowMs);
      if (typeof verdict === 'string') desk.invalid(exchange, verdict, proven);
      else if (isFirst(exchange, verdict, nowMs)) {
        if (proven === '' && failedLogins !== null) provenKeys.set(place, true);
        const { body, login } = verdict;
        if (body !== null && exchange.request.hasBody) exchange.state[slot] = new BodyDigest(body);
        else if (body !== null && !matchesNothing(body)) {
          refuseBody(exchange);
          return;
        }
        if (desk.admit(exchange, login) && !forward.keepCredential) reader.drop(exchange);
      }
    }

    function withhold(exchange: Exchange, of: readonly CredentialPlace[]): void {
      const isAnother = config.scheme === 'aws4' && takeScheme(exchange, AWS_SCHEME.toLowerCase()) === null;
      if (!forward.keepCredential && !isAnother) reader.dropBeside(exchange, of);
    }

    function onRequestBody(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void {
      // Because: only `onRequest` of this filter writes into its slot.
      const digest = exchange.state[slot] as BodyDigest | undefined;
      if (digest === undefined) return;
      const before = digest.exchangePiece(piece);
      if (!last) return before;
      if (digest.matches()) return Buffer.concat([before, digest.rest]);
      refuseBody(exchange);
      // Because: whoever has answered already cannot be refused any more; this breaks the request off.
      if (exchange.earlyReply === null) throw new Error('the body does not have the digest that was signed');
    }

    const checksBodies = config.scheme === 'aws4' || config.contentDigest !== 'off';
    const filter: Filter = { onRequest, credentialPlaces, withhold };
    return checksBodies ? { ...filter, onRequestBody } : filter;
  },
};
