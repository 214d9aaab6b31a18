// The forwardAuth filter: knows the verdict or asks for it, and carries it out.

import { createHash } from 'node:crypto';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { IdentityLines } from '../../exchange/identity-lines.ts';
import { LoginDesk, loginEvents } from '../../exchange/login-desk.ts';
import { warmUp } from '../../exchange/warm-up.ts';
import { AuthService } from './auth-service.ts';
import type { ForwardAuthConfig } from './config.ts';
import type { Verdict } from './verdict.ts';
import { VerdictCache } from './verdict-cache.ts';

export const forwardAuthFilter: FilterDefinition<ForwardAuthConfig> = {
  name: 'forwardAuth',
  events: [...loginEvents, 'refused', 'asked', 'letPassUnasked'],
  identityHeaders: ({ copy, forward }) => [...copy, ...IdentityLines.namesOf(forward)],
  // Because: `open` lets everyone pass while the service is away.
  isGuard: ({ onFailure }) => onFailure === 'closed',
  build(config, services) {
    const { worker, eventCell } = services;
    const { cache: kept, warmUp: warms, onFailure, forward } = config;
    const { service, cache } = worker.lasting(`forwardAuth ${JSON.stringify(config)}`, () => ({
      service: new AuthService(config),
      cache: new VerdictCache(kept.for, kept.entries),
    }));
    const challenge = 'Bearer realm="cardea"';
    const desk = new LoginDesk(
      { filter: 'forwardAuth', challenge, challengeInvalid: challenge, failedLogins: null, forward },
      services,
    );
    const { cells, clock } = worker;
    const [refusedCell, askedCell, unaskedCell] = [
      eventCell('refused'),
      eventCell('asked'),
      eventCell('letPassUnasked'),
    ];

    const carryOut = (exchange: Exchange, verdict: Verdict): void => {
      if (verdict.kind === 'refused') {
        cells[refusedCell]!++;
        exchange.reply(verdict.reply);
      } else if (verdict.kind === 'failed') {
        worker.log('warn', 'forwardAuth service cannot be asked', { reason: verdict.reason, onFailure });
        if (onFailure === 'closed') desk.unavailable(exchange);
        else cells[unaskedCell]!++;
      } else if (desk.admit(exchange, verdict.login)) {
        const { headers } = exchange.request;
        for (let i = 0; i < verdict.copied.length; i += 2) {
          // Because: another service may have been asked before, and one field is to say one thing.
          headers.remove(verdict.copied[i]!);
          headers.appendTrusted(verdict.copied[i]!, verdict.copied[i + 1]!);
        }
      }
    };

    const ask = (exchange: Exchange): Promise<Verdict> => {
      cells[askedCell]!++;
      return service.ask(exchange);
    };

    const onceAnswered = async (exchange: Exchange, verdict: Promise<Verdict>): Promise<void> => {
      const answer = await verdict;
      if (!exchange.ended) carryOut(exchange, answer);
    };

    return {
      onRequest(exchange) {
        if (!cache.enabled) {
          if (warms) warmUp(exchange);
          return onceAnswered(exchange, ask(exchange));
        }
        const key = keyOf(exchange, kept);
        const known = cache.get(key, clock.now);
        if (known !== undefined) {
          carryOut(exchange, known);
          return;
        }
        if (warms) warmUp(exchange);
        return onceAnswered(
          exchange,
          cache.resolve(
            key,
            () => ask(exchange),
            () => clock.now,
          ),
        );
      },
    };
  },
};

/** What a verdict depends on, as a hash: the values are secrets, and may be long. */
function keyOf({ request, client }: Exchange, { by, anyPath }: ForwardAuthConfig['cache']): string {
  const hash = createHash('sha256');
  // Lengths keep two lists of values from having the same text.
  const add = (value: string) => hash.update(`${value.length}:`).update(value, 'latin1');
  if (!anyPath) {
    for (const value of [request.method, client.scheme, request.authority, request.path, request.query]) add(value);
  }
  for (const name of by) {
    const values = request.headers.getAll(name);
    add(String(values.length));
    for (const value of values) add(value);
  }
  // Because: nobody is told apart where no credential came; a verdict for one stranger must not be another's by accident of address.
  if (by.every(name => !request.headers.has(name))) add(client.ip);
  return hash.digest('latin1');
}
