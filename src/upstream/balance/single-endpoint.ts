// The balancer of an upstream with at most one endpoint, whatever strategy is configured: there is nothing to choose.

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
