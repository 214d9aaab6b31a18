// TLS of one open listener across reloads: contexts are made aside, then put to use. Established connections keep theirs.

import { isDeepStrictEqual } from 'node:util';
import { ServerContexts } from '../net/tls/server-contexts.ts';
import { ServerTls } from '../net/tls/server-tls.ts';
import type { ServerTlsMaterial } from '../net/tls/tls-material.ts';
import type { WorkerTickets } from './worker-tickets.ts';

export class ListenerTls {
  private readonly tickets: WorkerTickets;
  private serving: ServerTls | null = null;
  /** Undefined when nothing is prepared. */
  private prepared: ServerContexts | null | undefined;

  constructor(tickets: WorkerTickets) {
    this.tickets = tickets;
  }

  /** Null means plain text. Throws with OpenSSL's message when the material cannot be used. */
  prepare(material: ServerTlsMaterial | null): void {
    const current = this.serving?.contexts ?? null;
    const isSame = material !== null && current !== null && isDeepStrictEqual(current.material, material);
    if (material === null) this.prepared = null;
    else this.prepared = isSame ? current : new ServerContexts(material, this.tickets.ringFor(material));
  }

  /**
   * Makes new connections use what was prepared. Returns a different object when TLS was switched on or off, or when the client
   * authentication changed: then the caller replaces the listener's settings, so that old connections do not last as long as they like.
   * Null is plain text.
   */
  commit(): ServerTls | null {
    const { prepared } = this;
    this.prepared = undefined;
    if (prepared === undefined) return this.serving;
    if (prepared === null) this.serving = null;
    else if (this.serving === null || !asksTheSame(this.serving.contexts.material, prepared.material))
      this.serving = new ServerTls(prepared);
    else this.serving.become(prepared);
    return this.serving;
  }

  abort(): void {
    this.prepared = undefined;
  }
}

/** Whether clients are authenticated in the same way. CA and revocation files do not count: they may change under open connections. */
function asksTheSame({ clientAuth: a }: ServerTlsMaterial, { clientAuth: b }: ServerTlsMaterial): boolean {
  return a?.required === b?.required && a?.forward === b?.forward;
}
