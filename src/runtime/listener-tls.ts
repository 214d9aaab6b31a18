// TLS of one open listener over reloads: contexts are made aside, then put to use. Connections that are there keep theirs.

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

  /** Null is plain text. Throws with OpenSSL's words when the material cannot be used. */
  prepare(material: ServerTlsMaterial | null): void {
    const current = this.serving?.contexts ?? null;
    const isSame = material !== null && current !== null && isDeepStrictEqual(current.material, material);
    if (material === null) this.prepared = null;
    else this.prepared = isSame ? current : new ServerContexts(material, this.tickets.ringFor(material.ticketKeys));
  }

  /**
   * What was prepared serves new connections from now on. Another object when TLS as a whole came or went, or what is asked of clients
   * and told of them: then connections of before are not to go on for as long as they like.
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

/** Of clients. Authorities and lists of what is revoked are files, which may be replaced while connections are open. */
function asksTheSame({ clientAuth: a }: ServerTlsMaterial, { clientAuth: b }: ServerTlsMaterial): boolean {
  return a?.required === b?.required && a?.forward === b?.forward;
}
