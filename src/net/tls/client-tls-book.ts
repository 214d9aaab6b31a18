// TLS towards every upstream on one worker, by name: contexts are made aside, then put to use. Outlives reloads, so that
// pools and connections that did not change go on.

import { isDeepStrictEqual } from 'node:util';
import { type ClientContext, ClientTls, makeClientContext, type TlsFailureLog } from './client-tls.ts';
import type { ClientTlsMaterial } from './tls-material.ts';

export class ClientTlsBook {
  private readonly log: TlsFailureLog;
  private readonly byUpstream = new Map<string, ClientTls>();
  private prepared: ReadonlyMap<string, ClientContext> = new Map();

  constructor(log: TlsFailureLog) {
    this.log = log;
  }

  /** Always the same object for a name. It can connect once the material for it is put to use. */
  get(upstream: string): ClientTls {
    let tls = this.byUpstream.get(upstream);
    if (tls === undefined) {
      tls = new ClientTls(upstream, this.log);
      this.byUpstream.set(upstream, tls);
    }
    return tls;
  }

  /** Makes contexts of what changed. Throws with OpenSSL's words when one cannot be made. */
  prepare(material: ReadonlyMap<string, ClientTlsMaterial>): void {
    const prepared = new Map<string, ClientContext>();
    for (const [name, each] of material) {
      const current = this.byUpstream.get(name)?.contexts ?? null;
      const isSame = current !== null && isDeepStrictEqual(current.material, each);
      prepared.set(name, isSame ? current : makeClientContext(each));
    }
    this.prepared = prepared;
  }

  commit(): void {
    for (const [name, context] of this.prepared) this.get(name).become(context);
    for (const name of this.byUpstream.keys()) if (!this.prepared.has(name)) this.byUpstream.delete(name);
    this.prepared = new Map();
  }

  abort(): void {
    this.prepared = new Map();
  }
}
