// Where an identity filter takes its verdict: it admits, refuses, counts the reason, and slows down sources that try too often.
// Verifies nothing itself. Every filter that identifies callers uses one, so that all respond alike.

import { CONSUMER_PREFIX } from '../base/consumer-prefix.ts';
import { Fault } from '../base/fault.ts';
import type { FailedLoginsConfig } from '../base/schema/failed-logins.ts';
import type { ForwardIdentityConfig } from '../base/schema/forward-identity.ts';
import { WALL_TIME_LAG_MS, wallMs } from '../base/wall-time.ts';
import type { FieldBlock } from '../http/field-block.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import { AttemptTable, attemptTableBytes } from '../store/attempt-table.ts';
import type { Consumer } from './consumer.ts';
import { eventCells } from './event-cells.ts';
import type { Exchange } from './exchange.ts';
import type { FilterServices } from './filter.ts';
import { IdentityLines } from './identity-lines.ts';
import type { Login } from './login.ts';
import { sourceOf } from './login-source.ts';
import type { RefusalTally } from './refusal-tally.ts';
import type { FilterNeeds, WorkerServices } from './worker-services.ts';

/** Why a credential does not hold; for the operator's metrics, never for the caller. */
const loginFailures = [
  /** Outside its grammar, too large, given twice. */
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
  /** A claim that is required is missing or another. */
  'wrongClaims',
] as const;

export type LoginFailure = (typeof loginFailures)[number];

type RefusalEvent = LoginFailure | 'missing' | 'insufficient' | 'throttled' | 'unavailable';

export type LoginEvent = RefusalEvent | 'admitted';

/**
 * Failures of credentials that were valid once: many people behind one address have those at the same time, and they are no guesses.
 * A replay is mostly a client's second try.
 */
const wasGoodOnce: ReadonlySet<RefusalEvent> = new Set<LoginFailure>(['expired', 'notYetValid', 'revoked', 'replayed']);
const isGuess: ReadonlySet<RefusalEvent> = new Set(loginFailures.filter(failure => !wasGoodOnce.has(failure)));

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

/** What a definition's `needs` must hold for its desk. */
export function loginNeeds(config: { readonly failedLogins: FailedLoginsConfig }): FilterNeeds {
  return config.failedLogins === null ? {} : { tables: [{ name: TABLE_NAME, bytes: attemptTableBytes }] };
}

export interface LoginDeskOptions {
  /** The filter's name; its sources are counted apart from those of other kinds. */
  readonly filter: string;
  /** `WWW-Authenticate` where no credential came: `Bearer realm="cardea"` (RFC 9110 section 11.6.1). */
  readonly challenge: string;
  /** The same for an invalid credential: with `error="invalid_token"` for bearer tokens (RFC 6750 section 3.1). */
  readonly challengeInvalid: string;
  readonly failedLogins: FailedLoginsConfig;
  readonly forward: ForwardIdentityConfig;
  /** Refuse with 403 a credential whose consumer is not configured. */
  readonly consumerRequired?: boolean;
  /**
   * What comes is a secret that people choose, and meant for this filter and no other: one that does not hold is a guess also where
   * another filter recognises the caller by another credential. Who has one of his own could guess those of others for ever.
   */
  readonly guessable?: boolean;
}

type Fields = readonly (readonly [string, string])[];

const missingFault = new Fault('credentials_missing');
const strangers = new WeakSet<Fault>();
// Because: one text for every reason. A caller who guesses must not learn how close the guess was.
const invalidFault = new Fault('credentials_invalid', 'The credentials are not valid.');
const throttledFault = new Fault('too_many_failed_logins');
const unavailableFault = new Fault('identity_unavailable');
const unlistedFault = strangerFault('The credentials do not belong to a known consumer.');

export class LoginDesk {
  private readonly options: LoginDeskOptions;
  private readonly worker: WorkerServices;
  private readonly attempts: AttemptTable | null;
  private readonly forwarded: IdentityLines;
  /** Fields that it writes. */
  private readonly ownFields: HeaderNameSet;
  private readonly cells: Readonly<Record<LoginEvent, number>>;
  private readonly tally: RefusalTally | null;
  private readonly missingFields: Fields;
  private readonly invalidFields: Fields;

  constructor(options: LoginDeskOptions, services: FilterServices) {
    const { failedLogins, filter } = options;
    const { worker, tally } = services;
    this.options = options;
    this.worker = worker;
    this.tally = tally;
    this.attempts =
      failedLogins === null ? null : new AttemptTable(worker.sharedTable(TABLE_NAME), filter, failedLogins);
    this.forwarded = new IdentityLines(options.forward);
    this.ownFields = new HeaderNameSet(IdentityLines.namesOf(options.forward), [CONSUMER_PREFIX]);
    this.cells = eventCells(loginEvents, services);
    this.missingFields = [['WWW-Authenticate', options.challenge]];
    this.invalidFields = [['WWW-Authenticate', options.challengeInvalid]];
  }

  /**
   * Lets the request pass as this login's: sets `exchange.consumer` and `exchange.identity`, and the fields for the upstream.
   * False when it was refused after all because no such consumer is configured.
   */
  admit(exchange: Exchange, login: Login): boolean {
    const consumer = login.consumerIn(exchange.snapshot.consumers);
    if (consumer === null && this.options.consumerRequired === true) {
      this.forbid(exchange, unlistedFault);
      return false;
    }
    const { headers } = exchange.request;
    // Because: of two filters that identify the caller the later one counts, and a mixture of both would be nobody.
    if (exchange.identity !== null) headers.takeAdded(this.ownFields);
    exchange.consumer = consumer;
    exchange.identity = login.identity;
    const { lines } = login;
    headers.appendBlock(lines !== null && this.isTimely(login) ? lines : this.linesFor(login, consumer));
    this.worker.cells[this.cells.admitted]!++;
    return true;
  }

  /** Whether its lines, where they are true for a time only, are true now. */
  private isTimely(login: Login): boolean {
    if (this.forwarded.areLasting) return true;
    const nowMs = wallMs(this.worker.clock.now);
    // Because: a signed token says when it was made, by the system's clock: once that was set, forth or back, it says another time.
    return login.linesUntilMs > nowMs && login.linesFromMs <= nowMs + WALL_TIME_LAG_MS;
  }

  private linesFor(login: Login, consumer: Consumer | null): FieldBlock {
    // Because: once per login and time, and a signed token is valid for longer than a reading of the thread's clock.
    login.linesFromMs = Date.now();
    login.linesUntilMs = this.forwarded.validUntilMs(login.linesFromMs);
    login.lines = this.forwarded.make(consumer, login.identity, login.linesFromMs);
    return login.lines;
  }

  /** 401: no credential. Not held against the source. */
  missing(exchange: Exchange): void {
    this.count(exchange, 'missing');
    exchange.refuse(missingFault, this.missingFields);
  }

  /**
   * 401: the credential is not valid. Counted, and held against the source unless it was valid once; with `keyId` against what comes from
   * there under that key as well. `fault` for what tells a guesser nothing.
   */
  invalid(exchange: Exchange, reason: LoginFailure, keyId = '', fault = invalidFault): void {
    this.count(exchange, reason, keyId);
    exchange.refuse(fault, this.invalidFields);
  }

  /**
   * Whether the source has tried too often: then the request is refused with 429 and nothing of it is to be verified. Ask before
   * verifying, not for what is known to hold: a credential of a cache passes whoever sits behind the same address. With `keyId` only
   * failures under that key count, for one that is known to have been used rightly from there.
   */
  isThrottled(exchange: Exchange, keyId = ''): boolean {
    if (this.attempts === null) return false;
    // Because: as above; credentials that are known do not come here.
    const waitMs = this.attempts.waitMs(sourceFor(exchange, keyId), Date.now());
    if (waitMs <= 0) return false;
    this.count(exchange, 'throttled');
    exchange.refuse(throttledFault, [['Retry-After', String(Math.ceil(waitMs / 1_000))]]);
    return true;
  }

  /** 403: the credential holds and does not suffice. `challenge` for those that more would help (RFC 6750 section 3.1). */
  forbid(exchange: Exchange, fault: Fault, challenge?: string): void {
    this.count(exchange, 'insufficient');
    exchange.refuse(fault, challenge === undefined ? undefined : [['WWW-Authenticate', challenge]]);
  }

  /** 503: nothing can be verified at the moment. */
  unavailable(exchange: Exchange, retryAfterS = 1): void {
    this.count(exchange, 'unavailable');
    exchange.refuse(unavailableFault, [['Retry-After', String(retryAfterS)]]);
  }

  private count(exchange: Exchange, event: RefusalEvent, keyId = ''): void {
    const isSureGuess = this.options.guessable === true && isGuess.has(event);
    if (this.tally === null || isSureGuess) this.countNow(exchange, event, keyId);
    else this.tally.note(exchange, () => this.countNow(exchange, event, keyId), wasGoodOnce.has(event));
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

/** 403 for valid credentials of no known caller: those of another filter may identify one. */
export function strangerFault(detail: string): Fault {
  const fault = new Fault('access_denied', detail);
  strangers.add(fault);
  return fault;
}

/** Whether the fault is of `strangerFault`. */
export function isStranger(fault: Fault): boolean {
  return strangers.has(fault);
}
