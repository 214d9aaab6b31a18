// The result of a verified credential, kept while it is valid: identity, consumer, and the fields for the upstream.

import type { FieldBlock } from '../http/field-block.ts';
import type { Consumer, Identity } from './consumer.ts';
import type { ConsumerDirectory } from './consumer-directory.ts';

/**
 * One verified credential. Filters keep it in their caches and hand it to `LoginDesk.admit` for every request that brings
 * the credential again.
 */
export class Login {
  readonly identity: Identity;
  /** Its owner: by name if the consumer is in the configuration, as it is if the filter's own store knows it, or nobody. */
  private readonly owner: Consumer | string | null;
  private directory: ConsumerDirectory | null;
  private found: Consumer | null;
  /** Fields for the upstream, from and until when they are true, since 1970; made by IdentityLines. */
  lines: FieldBlock | null;
  linesFromMs: number;
  linesUntilMs: number;

  /** `owner` by name is looked up in the configuration, again after each reload. */
  constructor(identity: Identity, owner: Consumer | string | null) {
    this.identity = identity;
    this.owner = owner;
    this.directory = null;
    this.found = null;
    this.lines = null;
    this.linesFromMs = 0.5;
    this.linesUntilMs = 0.5;
  }

  /** The consumer in this configuration; null when the credential is nobody's or its owner is not listed. */
  consumerIn(directory: ConsumerDirectory): Consumer | null {
    if (this.directory !== directory) {
      const { owner } = this;
      this.directory = directory;
      this.found = typeof owner === 'string' ? (directory.consumer(owner) ?? null) : owner;
      this.lines = null;
    }
    return this.found;
  }
}
