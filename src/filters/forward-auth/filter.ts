// The forwardAuth filter: finds the verdict in its cache or asks the service for it, and carries it out.

import { createHash, type Hash } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { carriesGrpc } from '../../exchange/grpc-answer.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents } from '../../exchange/identity/login-desk.ts';
import type { Reply } from '../../exchange/response.ts';
import { warmUp } from '../../exchange/warm-up.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { keepFromSharedCaches } from '../../http/cache-control.ts';
import { AuthService } from './auth-service.ts';
import type { ForwardAuthConfig } from './config.ts';
import type { Verdict } from './verdict.ts';
import { VerdictCache } from './verdict-cache.ts';

const bearer: CredentialPlace = { kind: 'bearer', name: '' };

const ownEvents = ['refused', 'asked', 'letPassUnasked'] as const;

export const forwardAuthFilter: FilterDefinition<ForwardAuthConfig> = {
  name: 'forwardAuth',
  events: [...loginEvents, ...ownEvents],
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  copiedHeaders: ({ copy }) => copy,
  // Because: `open` admits everyone while the service is away.
  isGuard: ({ onFailure }) => onFailure === 'closed',
  build: (config, services) => new ForwardAuth(config, services),
};

class ForwardAuth implements Filter {
  readonly credentialPlaces: readonly CredentialPlace[];
  private readonly config: ForwardAuthConfig;
  private readonly slot: number;
  private readonly worker: WorkerServices;
  private readonly service: AuthService;
  private readonly cache: VerdictCache;
  private readonly desk: LoginDesk;
  private readonly eventCell: Readonly<Record<(typeof ownEvents)[number], number>>;
  /** Fields that the service receives but that are not in the key of an admitting verdict. */
  private readonly sentBeside: readonly string[];

  constructor(config: ForwardAuthConfig, services: FilterServices) {
    const { slot, worker } = services;
    const { cache, forward, send, subject, consumer } = config;
    const challenge = 'Bearer realm="cardea"';
    const namesNobody = subject === undefined && consumer === undefined;
    this.config = config;
    this.slot = slot;
    this.worker = worker;
    this.credentialPlaces = send.map(name => (name === 'authorization' ? bearer : { kind: 'header', name }));
    const { service, verdicts } = worker.lasting(`forwardAuth ${JSON.stringify(config)}`, () => ({
      service: new AuthService(config),
      verdicts: new VerdictCache(cache.for, cache.entries),
    }));
    this.service = service;
    this.cache = verdicts;
    this.desk = new LoginDesk(
      { filter: 'forwardAuth', challenge, challengeInvalid: challenge, failedLogins: null, forward, namesNobody },
      services,
    );
    this.eventCell = eventCells(ownEvents, services);
    this.sentBeside = send.filter(name => !cache.by.includes(name));
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { cache } = this;
    const { clock } = this.worker;
    if (!cache.enabled) {
      if (this.config.warmUp) warmUp(exchange);
      return this.onceAnswered(exchange, this.ask(exchange));
    }
    const key = keyOf(exchange, this.config.cache);
    const admitted = cache.admission(key, clock.now);
    if (admitted !== undefined) {
      this.carryOut(exchange, admitted);
      return;
    }
    const form = formOf(exchange, key, this.sentBeside);
    const refused = cache.refusal(form, clock.now);
    if (refused !== undefined) {
      this.carryOut(exchange, refused);
      return;
    }
    if (this.config.warmUp) warmUp(exchange);
    const question = { key, form, ask: () => this.ask(exchange), isOpen: () => !exchange.ended };
    return this.onceAnswered(
      exchange,
      cache.resolve(question, () => clock.now),
    );
  }

  onResponse(exchange: Exchange): void {
    // Because: only `carryOut` writes this filter's cell.
    const cookies = exchange.state[this.slot] as readonly string[] | undefined;
    if (cookies === undefined) return;
    const { headers } = exchange.response!;
    for (const cookie of cookies) headers.append('Set-Cookie', cookie);
    keepFromSharedCaches(headers);
  }

  private ask(exchange: Exchange): Promise<Verdict> {
    this.worker.cells[this.eventCell.asked]!++;
    return this.service.ask(exchange);
  }

  private async onceAnswered(exchange: Exchange, verdict: Promise<Verdict>): Promise<void> {
    const answer = await verdict;
    if (!exchange.ended) this.carryOut(exchange, answer);
  }

  private carryOut(exchange: Exchange, verdict: Verdict): void {
    const { worker, eventCell } = this;
    if (verdict.kind === 'refused') {
      worker.cells[eventCell.refused]!++;
      if (carriesGrpc(exchange.request)) refuseCall(exchange, verdict.reply);
      else exchange.reply(verdict.reply);
    } else if (verdict.kind === 'failed') {
      const { onFailure } = this.config;
      worker.log('warn', 'forwardAuth service cannot be asked', { reason: verdict.reason, onFailure });
      if (onFailure === 'closed') this.desk.unavailable(exchange);
      else worker.cells[eventCell.letPassUnasked]!++;
    } else {
      if (verdict.cookies.length > 0) exchange.state[this.slot] = verdict.cookies;
      this.admit(exchange, verdict);
    }
  }

  private admit(exchange: Exchange, { login, copied }: Extract<Verdict, { kind: 'admitted' }>): void {
    if (this.desk.admit(exchange, login)) {
      const { headers } = exchange.request;
      for (let i = 0; i < copied.length; i += 2) {
        // Because: another forwardAuth filter may have set the field before, and each field must have one value.
        headers.remove(copied[i]!);
        headers.appendTrusted(copied[i]!, copied[i + 1]!);
      }
    }
  }
}

const refusedDetail = 'The authorization service refused the request.';
const unknownCaller = new Fault('credentials_invalid', refusedDetail);
const deniedCaller = new Fault('access_denied', refusedDetail);
const tooMany = new Fault('rate_limited', refusedDetail);

/** Refuses a gRPC call. A gRPC client cannot use a page or a redirect, so the refusal becomes one of the gateway's own. */
function refuseCall(exchange: Exchange, { status, headers = [] }: Reply): void {
  const fault = status === 429 ? tooMany : status === 401 || status < 400 ? unknownCaller : deniedCaller;
  const kept = Array.from(headers).filter(([name]) => /^(www-authenticate|retry-after)$/i.test(name));
  exchange.refuse(fault, kept);
}

/** The cache key: all that a verdict depends on, hashed because the values are secrets and may be long. */
function keyOf(exchange: Exchange, { by, anyPath }: ForwardAuthConfig['cache']): string {
  const { request, client } = exchange;
  const hash = createHash('sha256');
  if (!anyPath) {
    // Because: the service receives all of these, so its verdict may depend on any of them.
    for (const value of [request.method, client.scheme, request.authority, request.path, request.query, client.ip])
      add(hash, value);
  }
  addFields(hash, exchange, by);
  // Because: callers without any credential differ by address only; a verdict on one of them must not apply to those at other addresses.
  if (anyPath && by.every(name => !request.headers.has(name))) add(hash, client.ip);
  return hash.digest('latin1');
}

/** The cache key of a refusal: `key` with the other fields that the form of a refusal depends on. */
function formOf(exchange: Exchange, key: string, names: readonly string[]): string {
  const hash = createHash('sha256').update(key, 'latin1');
  addFields(hash, exchange, names);
  return hash.digest('latin1');
}

function addFields(hash: Hash, { request }: Exchange, names: readonly string[]): void {
  for (const name of names) {
    const values = request.headers.getAll(name);
    add(hash, String(values.length));
    for (const value of values) add(hash, value);
  }
}

/** Adds a value with its length, so that two different lists of values never hash the same text. */
function add(hash: Hash, value: string): void {
  hash.update(`${value.length}:`).update(value, 'latin1');
}
