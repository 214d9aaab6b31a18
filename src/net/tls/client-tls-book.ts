// TLS towards every upstream on one worker, by name and settings: contexts are prepared aside, then committed. Outlives reloads, so
// that pools and connections whose settings did not change go on.

import { isDeepStrictEqual } from 'node:util';
import type { FailureLog } from '../../telemetry/failure-log.ts';
import { type ClientContext, ClientTls, makeClientContext } from './client-tls.ts';
import type { ClientTlsMaterial } from './tls-material.ts';

/** The TLS settings of one upstream in a configuration; null without TLS. */
export interface UpstreamTls {
  readonly name: string;
  readonly tls: object | null;
}

export class ClientTlsBook {
  private readonly log: FailureLog;
  /** By `keyOf`. */
  private readonly known = new Map<string, ClientTls>();
  /** By the upstream's name. */
  private serving = new Map<string, ClientTls>();
  private prepared: ReadonlyMap<string, ClientContext> = new Map();

  constructor(log: FailureLog) {
    this.log = log;
  }

  /**
   * Gives the same object for a name as long as its settings are the same, even if the contents of its files change. Other settings get
   * another object, so that an older upstream keeps connecting with its own. An object can connect once `commit` has given it a context.
   */
  get(upstream: string, settings: object): ClientTls {
    const key = keyOf(upstream, settings);
    let tls = this.known.get(key);
    if (tls === undefined) {
      tls = new ClientTls(upstream, this.log);
      this.known.set(key, tls);
    }
    return tls;
  }

  /** Makes contexts of the material that changed. Throws OpenSSL's error when one cannot be made. */
  prepare(material: ReadonlyMap<string, ClientTlsMaterial>): void {
    const prepared = new Map<string, ClientContext>();
    for (const [name, each] of material) {
      const current = this.serving.get(name)?.context ?? null;
      const isSame = current !== null && isDeepStrictEqual(current.material, each);
      prepared.set(name, isSame ? current : makeClientContext(each));
    }
    this.prepared = prepared;
  }

  /** Puts the prepared contexts to use. `upstreams` are all that serve from now on; any others are forgotten. */
  commit(upstreams: readonly UpstreamTls[]): void {
    const serving = new Map<string, ClientTls>();
    for (const { name, tls: settings } of upstreams) {
      const context = this.prepared.get(name);
      if (settings === null || context === undefined) continue;
      const tls = this.get(name, settings);
      tls.become(context);
      serving.set(name, tls);
    }
    this.serving = serving;
    const kept = new Set(serving.values());
    for (const [key, tls] of this.known) if (!kept.has(tls)) this.known.delete(key);
    this.prepared = new Map();
  }

  /** Forgets the prepared contexts. */
  abort(): void {
    this.prepared = new Map();
  }
}

function keyOf(upstream: string, settings: object): string {
  return `${upstream} ${JSON.stringify(settings)}`;
}
