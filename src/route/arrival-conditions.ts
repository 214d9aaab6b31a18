// Conditions of a route on how a request came in: at which listener, and from which client. Who the client is was decided before.

import { CidrSet } from '../base/cidr-set.ts';
import type { Condition } from './conditions.ts';
import type { MatchSpec } from './match.ts';
import type { Routable } from './routable.ts';

export class ListenerCondition implements Condition {
  readonly text: string;
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
    this.text = `listener is ${names.join(' or ')}`;
  }

  matches({ arrival }: Routable): boolean {
    return this.names.includes(arrival?.listener ?? '');
  }
}

export class ClientCondition implements Condition {
  readonly text: string;
  /** As written. */
  readonly blocks: readonly string[];
  private readonly set: CidrSet;

  /** The blocks must be valid. */
  constructor(blocks: readonly string[]) {
    this.blocks = blocks;
    this.set = new CidrSet(blocks);
    this.text = `client is in ${blocks.join(' or ')}`;
  }

  matches({ arrival }: Routable): boolean {
    return this.set.has(arrival?.client ?? '');
  }
}

/** The conditions of a route on how a request comes in; empty when it has none. */
export function arrivalConditions({ listeners, clients }: Pick<MatchSpec, 'listeners' | 'clients'>): Condition[] {
  const conditions: Condition[] = [];
  if (listeners !== undefined) conditions.push(new ListenerCondition(listeners));
  if (clients !== undefined) conditions.push(new ClientCondition(clients));
  return conditions;
}
