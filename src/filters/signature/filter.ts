// The signature filter: checks time, signature and replay before the request continues, and the body's digest while the body passes.

import { Fault } from '../../base/fault.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { wallMs } from '../../base/wall-time.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { CredentialReader, takeScheme } from '../../exchange/identity/credential.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import { sourceOf } from '../../exchange/identity/login-source.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { ReplayTable, replayTableBytes } from '../../store/replay-table.ts';
import { SIGNATURE_PARAMETER } from './aws-presigned.ts';
import { AWS_SCHEME } from './aws-v4.ts';
import { AwsVerifier } from './aws-verifier.ts';
import type { SignatureConfig } from './config.ts';
import { BodyDigest, matchesNothing } from './content-digest.ts';
import { MessageVerifier } from './message-verifier.ts';
import type { Verified } from './verdict.ts';

const bodyFault = new Fault('body_digest_mismatch');
const unsignedBodyFaults = {
  aws4: new Fault(
    'credentials_invalid',
    'The signature does not cover the body: `X-Amz-Content-SHA256` has to hold the SHA-256 of all of it.',
  ),
  rfc9421: new Fault('credentials_invalid', 'The signature does not cover the body: it has to cover `content-digest`.'),
} as const;

/** How many pairs of key and source address, from which the key has signed, one worker remembers. */
const PROVEN_MAX = 10_000;

/** The fields that contain the signature. */
const signatureFields = { aws4: ['authorization'], rfc9421: ['signature', 'signature-input'] } as const;

const authorizationField: CredentialPlace = { kind: 'header', name: 'authorization' };

function replayTableName(entries: number): string {
  return `seen-signatures-${entries}`;
}

/**
 * The signatures of which an exchange was the first bearer, by replay table. Several filters may verify the same request, such as one of
 * the global chain and one of the route, or two inside an anyOf: for all of them, the signature has come only once.
 */
const broughtFirst = new WeakMap<Exchange, string[]>();

function challengeOf({ scheme }: SignatureConfig): string {
  return scheme === 'aws4' ? AWS_SCHEME : 'Signature realm="cardea"';
}

const ownEvents = ['bodyMismatch'] as const;

export const signatureFilter: FilterDefinition<SignatureConfig> = {
  name: 'signature',
  events: [...loginEvents, ...ownEvents],
  needs(config) {
    const tables = [...(loginNeeds(config).tables ?? [])];
    const { replay } = config;
    if (replay !== 'off') tables.push({ name: replayTableName(replay), bytes: replayTableBytes(replay) });
    return { tables };
  },
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new Signature(config, services),
};

class Signature implements Filter {
  readonly strangers: LoginDesk;
  readonly credentialPlaces: readonly CredentialPlace[];
  readonly onRequestBody?: (exchange: Exchange, piece: Buffer, last: boolean) => Buffer | void;
  private readonly desk: LoginDesk;
  private readonly config: SignatureConfig;
  private readonly slot: number;
  private readonly worker: WorkerServices;
  private readonly verifier: AwsVerifier | MessageVerifier;
  /** Null when replays are allowed. */
  private readonly seen: ReplayTable | null;
  private readonly reader: CredentialReader;
  private readonly provenKeys: RecentMap<true>;
  private readonly eventCell: Readonly<Record<(typeof ownEvents)[number], number>>;

  constructor(config: SignatureConfig, services: FilterServices) {
    const { slot, worker } = services;
    const { replay, failedLogins, forward, scheme, optional } = config;
    this.config = config;
    this.slot = slot;
    this.worker = worker;
    this.verifier = config.scheme === 'aws4' ? new AwsVerifier(config) : new MessageVerifier(config);
    this.seen = replay === 'off' ? null : new ReplayTable(worker.sharedTable(replayTableName(replay)));
    const places: CredentialPlace[] = signatureFields[scheme].map(name => ({ kind: 'header', name }));
    if (config.scheme === 'aws4' && config.presigned > 0) places.push({ kind: 'query', name: SIGNATURE_PARAMETER });
    this.credentialPlaces = places;
    this.reader = new CredentialReader(this.credentialPlaces, 0);
    this.provenKeys = worker.lasting('keys that have signed', () => new RecentMap<true>(PROVEN_MAX));
    const challenge = challengeOf(config);
    this.desk = new LoginDesk(
      { filter: 'signature', challenge, challengeInvalid: challenge, failedLogins, forward, optional },
      services,
    );
    this.strangers = this.desk;
    this.eventCell = eventCells(ownEvents, services);
    // Because: a hook that exists is called for every exchange.
    if (config.scheme === 'aws4' || config.contentDigest !== 'off')
      this.onRequestBody = (exchange, piece, last) => this.checkBody(exchange, piece, last);
  }

  onRequest(exchange: Exchange): void {
    const { desk, config, provenKeys } = this;
    const claim = this.verifier.read(exchange);
    if (claim === 'missing') {
      desk.missing(exchange);
      return;
    }
    if (claim === 'malformed') {
      desk.malformed(exchange);
      return;
    }
    const place = `${sourceOf(exchange.client.ip)} ${claim.keyId}`;
    // Because: no signature is valid twice. A key that has signed from here continues, whatever others behind the address have tried.
    const proven = provenKeys.get(place) === true ? claim.keyId : '';
    if (desk.isThrottled(exchange, proven)) return;
    const nowMs = wallMs(this.worker.clock.now);
    const verdict = claim.verify(nowMs);
    if (verdict === 'unsignedBody') desk.invalid(exchange, 'wrongClaims', proven, unsignedBodyFaults[config.scheme]);
    else if (typeof verdict === 'string') desk.invalid(exchange, verdict, proven);
    else if (this.isFirst(exchange, verdict, nowMs)) {
      if (proven === '' && config.failedLogins !== null) provenKeys.set(place, true);
      this.admit(exchange, verdict);
    }
  }

  withhold(exchange: Exchange, of: readonly CredentialPlace[]): void {
    if (!this.config.forward.keepCredential) this.dropBeside(exchange, of);
  }

  /** Takes the signature out of the request, but neither what is in the places `of` nor an Authorization of another scheme. */
  private dropBeside(exchange: Exchange, of: readonly CredentialPlace[]): void {
    const isAnother = this.config.scheme === 'aws4' && takeScheme(exchange, AWS_SCHEME.toLowerCase()) === null;
    this.reader.dropBeside(exchange, isAnother ? [...of, authorizationField] : of);
  }

  /** Whether the signature was not used before. Refuses the request otherwise, or when the table is full. */
  private isFirst(exchange: Exchange, { fingerprint, expiresS }: Verified, nowMs: number): boolean {
    if (this.seen === null || fingerprint === null) return true;
    const known = this.seen.add(fingerprint, Math.floor(nowMs / 1_000), expiresS);
    const own = broughtFirst.get(exchange) ?? [];
    const name = `${this.config.replay} ${fingerprint.toString('latin1')}`;
    if (known === 'new') broughtFirst.set(exchange, [...own, name]);
    else if (known === 'seen' && own.includes(name)) return true;
    if (known === 'seen') this.desk.invalid(exchange, 'replayed');
    else if (known === 'full') this.desk.unavailable(exchange);
    return known === 'new';
  }

  private admit(exchange: Exchange, { body, login }: Verified): void {
    if (body !== null && exchange.request.hasBody) exchange.state[this.slot] = new BodyDigest(body);
    else if (body !== null && !matchesNothing(body)) {
      this.refuseBody(exchange);
      return;
    }
    if (this.desk.admit(exchange, login) && !this.config.forward.keepCredential) this.dropBeside(exchange, []);
  }

  private checkBody(exchange: Exchange, piece: Buffer, last: boolean): Buffer | void {
    // Because: only `admit` of this filter writes into its slot.
    const digest = exchange.state[this.slot] as BodyDigest | undefined;
    if (digest === undefined) return;
    const before = digest.exchangePiece(piece);
    if (!last) return before;
    if (digest.matches()) return Buffer.concat([before, digest.rest]);
    this.refuseBody(exchange);
  }

  private refuseBody(exchange: Exchange): void {
    this.worker.cells[this.eventCell.bodyMismatch]!++;
    exchange.refuse(bodyFault);
  }
}
