// The keys of session tickets on one worker. All workers have the same keys, so that a session can be resumed on any of them;
// the supervisor makes and replaces them. Old keys still decrypt until their tickets have expired.

import { randomFillSync } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { TicketKeys } from './tls-material.ts';

const PART_BYTES = 16;
/** Initialisation vectors are made for this many tickets at once: a call for one would cost as much. */
const VECTORS = 256;

/** The parts of one key of 48 bytes. */
interface TicketKey {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

/** The answer to OpenSSL: refuse the ticket (0), accept it (1), accept it and send a new one (2); then the keys. */
type TicketAnswer = readonly [outcome: number, hmac: Buffer, aes: Buffer, name?: Buffer, iv?: Buffer];

/** The part of a native context that concerns tickets; Node's types leave it out. */
interface TicketContext {
  onticketkeycallback: (name: Buffer, iv: Buffer, encrypt: boolean) => TicketAnswer;
  enableTicketKeyCallback(): void;
}

export class TicketRing {
  private keys: readonly TicketKey[];
  private readonly vectors = Buffer.allocUnsafeSlow(VECTORS * PART_BYTES);
  private usedVectors = VECTORS;

  /** Throws when a key has not 48 bytes. */
  constructor(keys: TicketKeys) {
    this.keys = keys.map(parse);
  }

  /** Replaces the keys: from now on the first encrypts, and all decrypt. */
  become(keys: TicketKeys): void {
    this.keys = keys.map(parse);
  }

  /** Makes a context use the keys of this ring, including those that replace them later. */
  attachTo(context: SecureContext): void {
    // Because: this is Node's own native object; `tls.Server` sets its ticket keys on it as well, but only one at a time.
    const native = context.context as TicketContext;
    native.onticketkeycallback = (name, _iv, encrypt) => this.answer(name, encrypt);
    native.enableTicketKeyCallback();
  }

  private answer(name: Buffer, encrypt: boolean): TicketAnswer {
    const { keys } = this;
    // Because: a ring is never without a key; neither the supervisor nor read-material.ts makes an empty list.
    const first = keys[0]!;
    if (encrypt) return [1, first.hmac, first.aes, first.name, this.nextVector()];
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at]!;
      if (key.name.equals(name)) return [at === 0 ? 1 : 2, key.hmac, key.aes];
    }
    return [0, first.hmac, first.aes];
  }

  /** The next random vector, in a buffer that is reused: OpenSSL copies it before the next one is needed. */
  private nextVector(): Buffer {
    if (this.usedVectors === VECTORS) {
      randomFillSync(this.vectors);
      this.usedVectors = 0;
    }
    const at = this.usedVectors++ * PART_BYTES;
    return this.vectors.subarray(at, at + PART_BYTES);
  }
}

function parse(text: string): TicketKey {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 3 * PART_BYTES) throw new Error('a ticket key has 48 bytes');
  return {
    name: bytes.subarray(0, PART_BYTES),
    hmac: bytes.subarray(PART_BYTES, 2 * PART_BYTES),
    aes: bytes.subarray(2 * PART_BYTES),
  };
}
