// TLS towards every upstream on one worker, by name and settings: contexts are made aside, then put to use. Outlives reloads, so that
// pools and connections that did not change go on.

import { isDeepStrictEqual } from 'node:util';
import type { FailureLog } from '../../telemetry/failure-log.ts';
import { type ClientContext, ClientTls, makeClientContext } from './client-tls.ts';
import type { ClientTlsMaterial } from './tls-material.ts';

/** What a configuration says of one upstream's TLS; null where it has none. */
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
   * The same object for a name while its settings are the same, whatever its files say. With other settings it is another one: who still has the
   * upstream of before connects as that one says. It can connect once the material for it is put to use.
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

  /** Makes contexts of what changed. Throws with OpenSSL's words when one cannot be made. */
  prepare(material: ReadonlyMap<string, ClientTlsMaterial>): void {
    const prepared = new Map<string, ClientContext>();
    for (const [name, each] of material) {
      const current = this.serving.get(name)?.contexts ?? null;
      const isSame = current !== null && isDeepStrictEqual(current.material, each);
      prepared.set(name, isSame ? current : makeClientContext(each));
    }
    this.prepared = prepared;
  }

  /** These upstreams serve from now on, with what was prepared for them. */
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

  abort(): void {
    this.prepared = new Map();
  }
}

function keyOf(upstream: string, settings: object): string {
  return `${upstream} ${JSON.stringify(settings)}`;
}
