// Where an identity filter reports its verdict: the desk admits or refuses the request, counts the reason, and slows down sources that fail
// too often. Verifies nothing itself. Every filter that identifies callers uses a desk, so that all respond alike.

import { Fault } from '../../base/fault.ts';
import type { FailedLoginsConfig } from '../../base/schema/failed-logins.ts';
import type { ForwardIdentityConfig } from '../../base/schema/forward-identity.ts';
import { asOptional, type OptionalLoginConfig } from '../../base/schema/optional-login.ts';
import { WALL_TIME_LAG_MS, wallMs } from '../../base/wall-time.ts';
import type { FieldBlock } from '../../http/field-block.ts';
import { AttemptTable, attemptTableBytes } from '../../store/attempt-table.ts';
import { eventCells } from '../event-cells.ts';
import type { Exchange } from '../exchange.ts';
import type { FilterServices, StrangerDesk } from '../filter.ts';
import type { FilterNeeds, WorkerServices } from '../worker-services.ts';
import { anonymousLogin } from './anonymous-login.ts';
import type { Consumer } from './consumer.ts';
import { dropCallerFields } from './identity-fields.ts';
import { IdentityLines } from './identity-lines.ts';
import type { Login } from './login.ts';
import { sourceOf } from './login-source.ts';
import type { RefusalTally } from './refusal-tally.ts';

/** Why a credential is not valid; for the operator's metrics, never for the caller. */
const loginFailures = [
  /** Against its grammar, too large, or given twice. */
  'malformed',
  /** No such key, user or token. */
  'unknown',
  /** A wrong signature, password or digest. */
  'mismatch',
  'expired',
  'notYetValid',
  'revoked',
  'replayed',
  'wrongIssuer',
  'wrongAudience',
  /** A required claim is missing or has another value. */
  'wrongClaims',
] as const;

export type LoginFailure = (typeof loginFailures)[number];

type RefusalEvent = LoginFailure | 'missing' | 'insufficient' | 'throttled' | 'unavailable';

export type LoginEvent = RefusalEvent | 'admitted';

/**
 * Failures of credentials that were valid once. They are no guesses, and many people behind one address have them at the same time. A
 * replay is mostly a client's second try.
 */
const wasValidOnce: ReadonlySet<RefusalEvent> = new Set<LoginFailure>([
  'expired',
  'notYetValid',
  'revoked',
  'replayed',
]);
const isGuess: ReadonlySet<RefusalEvent> = new Set(loginFailures.filter(failure => !wasValidOnce.has(failure)));

/** The events of an identity filter; its definition's `events`. */
export const loginEvents: readonly LoginEvent[] = [
  'admitted',
  'missing',
  ...loginFailures,
  'insufficient',
  'throttled',
  'unavailable',
];

const TABLE_NAME = 'failed-logins';

/** What the `needs` of a filter's definition must include for its desk. */
export function loginNeeds(config: { readonly failedLogins: FailedLoginsConfig }): FilterNeeds {
  return config.failedLogins === null ? {} : { tables: [{ name: TABLE_NAME, bytes: attemptTableBytes }] };
}

export interface LoginDeskOptions {
  /** The filter's name. The failures of a source are counted separately for each kind of filter. */
  readonly filter: string;
  /** `WWW-Authenticate` when there is no credential: `Bearer realm="cardea"` (RFC 9110 section 11.6.1). */
  readonly challenge: string;
  /** The same for an invalid credential: with `error="invalid_token"` for bearer tokens (RFC 6750 section 3.1). */
  readonly challengeInvalid: string;
  readonly failedLogins: FailedLoginsConfig;
  readonly forward: ForwardIdentityConfig;
  /** True: a valid credential whose consumer is not configured gets a 403. */
  readonly consumerRequired?: boolean;
  /**
   * The credential is a secret that people choose, for this filter and no other. A wrong one then counts as a guess even where another
   * filter recognises the caller by another credential: otherwise a caller with a valid credential could guess those of others for ever.
   */
  readonly guessable?: boolean;
  /** The logins say that a request may pass, and not whose it is: a caller whom another filter has identified remains the caller. */
  readonly namesNobody?: boolean;
  /** Whether callers without a credential may pass. Default: false. */
  readonly optional?: OptionalLoginConfig;
}

type Fields = readonly (readonly [string, string])[];

const missingFault = new Fault('credentials_missing');
const strangers = new WeakSet<Fault>();
// Because: one text for every reason. A caller who guesses must not learn how close the guess was.
const invalidFault = new Fault('credentials_invalid', 'The credentials are not valid.');
const throttledFault = new Fault('too_many_failed_logins');
const unavailableFault = new Fault('identity_unavailable');
const unlistedFault = strangerFault('The credentials do not belong to a known consumer.');

export class LoginDesk implements StrangerDesk {
  readonly isOptional: boolean;
  readonly challenges: Fields;
  private readonly options: LoginDeskOptions;
  private readonly worker: WorkerServices;
  private readonly attempts: AttemptTable | null;
  private readonly forwarded: IdentityLines;
  private readonly cells: Readonly<Record<LoginEvent, number>>;
  private readonly tally: RefusalTally | null;
  /** Whether a caller without a credential passes here. Inside another filter, that one decides. */
  private readonly letsStrangersPass: boolean;
  /** What callers without a credential pass as; null for nobody. */
  private readonly stranger: Login | null;
  private readonly invalidFields: Fields;

  constructor(options: LoginDeskOptions, services: FilterServices) {
    const { failedLogins, filter } = options;
    const optional = asOptional(options.optional ?? false);
    const { worker, tally, isInner } = services;
    this.options = options;
    this.worker = worker;
    this.tally = tally;
    this.attempts =
      failedLogins === null ? null : new AttemptTable(worker.sharedTable(TABLE_NAME), filter, failedLogins);
    this.isOptional = optional !== null;
    this.letsStrangersPass = this.isOptional && !isInner;
    this.stranger = optional === null || optional.consumer === null ? null : anonymousLogin(optional.consumer);
    this.forwarded = new IdentityLines(options.forward);
    this.cells = eventCells(loginEvents, services);
    this.challenges = [['WWW-Authenticate', options.challenge]];
    this.invalidFields = [['WWW-Authenticate', options.challengeInvalid]];
  }

  /**
   * Lets the request pass as this login's: sets `exchange.consumer` and `exchange.identity`, and adds the headers for the upstream. False
   * when it was refused after all, because its consumer must be configured and is not.
   */
  admit(exchange: Exchange, login: Login): boolean {
    const consumer = login.consumerIn(exchange.snapshot.consumers);
    if (consumer === null && this.options.consumerRequired === true) {
      this.forbid(exchange, unlistedFault);
      return false;
    }
    this.worker.cells[this.cells.admitted]!++;
    if (exchange.identity !== null || exchange.consumer !== null) {
      if (this.options.namesNobody === true) return true;
      // Because: when two filters identify the caller, the later one counts, and a mixture of both would describe no caller.
      dropCallerFields(exchange);
    }
    exchange.consumer = consumer;
    exchange.identity = login.identity;
    this.tell(exchange, login, consumer);
    return true;
  }

  /** Adds the headers for the upstream. */
  private tell(exchange: Exchange, login: Login, consumer: Consumer | null): void {
    const { lines } = login;
    exchange.request.headers.appendBlock(
      lines !== null && this.isTimely(login) ? lines : this.linesFor(login, consumer),
    );
  }

  /** Whether the login's lines can be used now: always when they are lasting, else only within their time. */
  private isTimely(login: Login): boolean {
    if (this.forwarded.areLasting) return true;
    const nowMs = wallMs(this.worker.clock.now);
    // Because: a signed token says when it was made, by the system's clock. Once that clock is set, forward or back, it says a wrong time.
    return login.linesUntilMs > nowMs && login.linesFromMs <= nowMs + WALL_TIME_LAG_MS;
  }

  private linesFor(login: Login, consumer: Consumer | null): FieldBlock {
    // Because: this runs once per login and token, and the token's times must be those of the system's clock.
    login.linesFromMs = Date.now();
    login.linesUntilMs = this.forwarded.validUntilMs(login.linesFromMs);
    login.lines = this.forwarded.make(consumer, login.identity, login.linesFromMs);
    return login.lines;
  }

  /** There is no credential: 401, unless it is optional. Not held against the source. */
  missing(exchange: Exchange): void {
    this.count(exchange, 'missing');
    if (this.letsStrangersPass) this.letPass(exchange);
    else exchange.refuse(missingFault, this.challenges);
  }

  letPass(exchange: Exchange): void {
    const { stranger } = this;
    if (stranger === null || exchange.identity !== null || exchange.consumer !== null) return;
    const consumer = stranger.consumerIn(exchange.snapshot.consumers);
    exchange.consumer = consumer;
    this.tell(exchange, stranger, consumer);
  }

  /**
   * 401: the credential is not valid. The failure is counted, and held against the source unless the credential was valid once; with
   * `keyId` it is also held against this key from this source. Another `fault` may be given if it tells a guesser nothing.
   */
  invalid(exchange: Exchange, reason: LoginFailure, keyId = '', fault = invalidFault): void {
    this.count(exchange, reason, keyId);
    exchange.refuse(fault, this.invalidFields);
  }

  /** 429 or 401: the credential cannot be read, so that there is nothing to verify. */
  malformed(exchange: Exchange): void {
    if (!this.isThrottled(exchange)) this.invalid(exchange, 'malformed');
  }

  /**
   * Whether the source has failed too often: the request is then refused with 429, and nothing of it may be verified. Ask before verifying,
   * but not for a credential that is known to be valid, such as a cached one: it passes whoever else sits behind the same address. With
   * `keyId` only failures under that key count, for a key that is known to have been used correctly from this source.
   */
  isThrottled(exchange: Exchange, keyId = ''): boolean {
    if (this.attempts === null) return false;
    // Because: threads share these times, and credentials that are known do not come here.
    const waitMs = this.attempts.waitMs(sourceFor(exchange, keyId), Date.now());
    if (waitMs <= 0) return false;
    this.count(exchange, 'throttled');
    exchange.refuse(throttledFault, [['Retry-After', String(Math.ceil(waitMs / 1_000))]]);
    return true;
  }

  /** 403: the credential is valid but does not suffice. `challenge`: for callers whom a stronger one would help (RFC 6750 section 3.1). */
  forbid(exchange: Exchange, fault: Fault, challenge?: string): void {
    this.count(exchange, 'insufficient');
    exchange.refuse(fault, challenge === undefined ? undefined : [['WWW-Authenticate', challenge]]);
  }

  /** 503: no credential can be verified at the moment. */
  unavailable(exchange: Exchange, retryAfterS = 1): void {
    this.count(exchange, 'unavailable');
    exchange.refuse(unavailableFault, [['Retry-After', String(retryAfterS)]]);
  }

  private count(exchange: Exchange, event: RefusalEvent, keyId = ''): void {
    const isSureGuess = this.options.guessable === true && isGuess.has(event);
    if (this.tally === null || isSureGuess) this.countNow(exchange, event, keyId);
    else this.tally.note(exchange, () => this.countNow(exchange, event, keyId), wasValidOnce.has(event));
  }

  private countNow(exchange: Exchange, event: RefusalEvent, keyId: string): void {
    this.worker.cells[this.cells[event]]!++;
    if (this.attempts === null || !isGuess.has(event)) return;
    // Because: threads share these counts and have no other clock in common, and only refusals come here.
    const nowMs = Date.now();
    this.attempts.fail(sourceFor(exchange, ''), nowMs);
    if (keyId !== '') this.attempts.fail(sourceFor(exchange, keyId), nowMs);
  }
}

function sourceFor({ client }: Exchange, keyId: string): string {
  const source = sourceOf(client.ip);
  return keyId === '' ? source : `${source} ${keyId}`;
}

/** 403 for valid credentials that belong to no known caller: the credentials for another filter may identify one. */
export function strangerFault(detail: string): Fault {
  const fault = new Fault('access_denied', detail);
  strangers.add(fault);
  return fault;
}

/** Whether the fault was made by `strangerFault`. */
export function isStranger(fault: Fault): boolean {
  return strangers.has(fault);
}
