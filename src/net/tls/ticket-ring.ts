// The keys of session tickets on one worker. All workers have the same, so that a session can be resumed on any of them;
// the supervisor makes and replaces them. Old keys decrypt until their tickets are over.

import { randomFillSync } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { TicketKeys } from './tls-material.ts';

const PART_BYTES = 16;
/** Random bytes are made for many tickets at once: a call costs as much for one. */
const VECTORS = 256;

/** One key of 48 bytes in its parts. */
interface TicketKey {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

/** As OpenSSL is answered: refuse (0), take it (1), take it and send a new ticket (2); then the keys. */
type TicketAnswer = readonly [outcome: number, hmac: Buffer, aes: Buffer, name?: Buffer, iv?: Buffer];

/** What a native context has for tickets and Node's types leave out. */
interface TicketContext {
  onticketkeycallback: (name: Buffer, iv: Buffer, encrypt: boolean) => TicketAnswer;
  enableTicketKeyCallback(): void;
}

export class TicketRing {
  private keys: readonly TicketKey[];
  private readonly vectors = Buffer.allocUnsafeSlow(VECTORS * PART_BYTES);
  private usedVectors = VECTORS;

  constructor(keys: TicketKeys) {
    this.keys = keys.map(parse);
  }

  /** The first encrypts from now on. */
  become(keys: TicketKeys): void {
    this.keys = keys.map(parse);
  }

  /** Makes a context use these keys, as they are at each moment. */
  attachTo(context: SecureContext): void {
    // Because: this is Node's own native object; `tls.Server` sets its ticket keys on it as well, but only one at a time.
    const native = context.context as TicketContext;
    native.onticketkeycallback = (name, _iv, encrypt) => this.answer(name, encrypt);
    native.enableTicketKeyCallback();
  }

  private answer(name: Buffer, encrypt: boolean): TicketAnswer {
    const { keys } = this;
    // Because: a ring is never without a key; see `parse` and the supervisor.
    const first = keys[0]!;
    if (encrypt) return [1, first.hmac, first.aes, first.name, this.nextVector()];
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at]!;
      if (key.name.equals(name)) return [at === 0 ? 1 : 2, key.hmac, key.aes];
    }
    return [0, first.hmac, first.aes];
  }

  /** Copied by OpenSSL before the next one is asked for. */
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
