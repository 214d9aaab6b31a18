// The result of a verified credential, kept while it is valid: identity, consumer, and the fields for the upstream.

import type { FieldBlock } from '../../http/field-block.ts';
import type { Consumer, Identity } from './consumer.ts';
import type { ConsumerDirectory } from './consumer-directory.ts';

/**
 * One verified credential. Filters keep it in their caches and hand it to `LoginDesk.admit` for every request that brings
 * the credential again.
 */
export class Login {
  readonly identity: Identity;
  /** The owner: the name of a configured consumer, a consumer that only the filter's own store knows, or null for nobody. */
  private readonly owner: Consumer | string | null;
  private directory: ConsumerDirectory | null;
  private found: Consumer | null;
  /** Header lines for the upstream, made by IdentityLines, and from and until when they are valid (milliseconds since 1970). */
  lines: FieldBlock | null;
  linesFromMs: number;
  linesUntilMs: number;

  /** An `owner` given by name is looked up in the configuration, again after each reload. */
  constructor(identity: Identity, owner: Consumer | string | null) {
    this.identity = identity;
    this.owner = owner;
    this.directory = null;
    this.found = null;
    this.lines = null;
    this.linesFromMs = 0.5;
    this.linesUntilMs = 0.5;
  }

  /** The consumer in this configuration; null when the credential has no owner or its owner is not configured. */
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
