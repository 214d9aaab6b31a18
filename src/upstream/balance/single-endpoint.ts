// The balancer of an upstream with one endpoint, whatever strategy it asked for: there is nothing to choose.

import type { Balanced, Balancer } from './balanced.ts';

export class SingleEndpoint<E extends Balanced> implements Balancer<E> {
  private readonly endpoint: E | undefined;

  constructor(endpoint: E | undefined) {
    this.endpoint = endpoint;
  }

  pick(): E | undefined {
    const { endpoint } = this;
    return endpoint?.available ? endpoint : undefined;
  }
}
