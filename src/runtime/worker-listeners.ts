// The listeners of one worker: which are open, and which a reload is adding or removing. Serves no requests itself.

import type { Socket } from 'node:net';
import { messageOf } from '../base/message-of.ts';
import type { ListenerSettings } from '../exchange/listener-settings.ts';
import { Listener } from '../net/listener.ts';
import type { ServerTls } from '../net/tls/server-tls.ts';
import { ListenerTls } from './listener-tls.ts';
import type { ListenOrder, ListenReport } from './messages.ts';
import type { WorkerTickets } from './worker-tickets.ts';

interface OpenListener {
  readonly listener: Listener;
  /** The real port, once the listener is open. */
  port: number;
  settings: ListenerSettings;
  readonly tls: ListenerTls;
  /** Connections that arrived before the configuration with this listener serves; null once it serves. */
  held: Socket[] | null;
}

export type AcceptSocket = (socket: Socket, settings: ListenerSettings) => void;

export class WorkerListeners {
  private readonly readBuffer: Buffer;
  private readonly accept: AcceptSocket;
  private readonly onReplaced: (settings: ListenerSettings) => void;
  private readonly tickets: WorkerTickets;
  private readonly open = new Map<string, OpenListener>();
  private orders: readonly ListenOrder[] = [];

  /** `onReplaced` gets settings that no longer apply to new connections, so that the connections under them can be drained. */
  constructor(
    readBuffer: Buffer,
    tickets: WorkerTickets,
    accept: AcceptSocket,
    onReplaced: (settings: ListenerSettings) => void,
  ) {
    this.readBuffer = readBuffer;
    this.tickets = tickets;
    this.accept = accept;
    this.onReplaced = onReplaced;
  }

  /** Opens the listeners that are not open yet. When one cannot be opened, all new ones are closed again. */
  async prepare(orders: readonly ListenOrder[]): Promise<ListenReport> {
    this.orders = orders;
    try {
      for (const order of orders) {
        if (!this.open.has(order.key)) await this.openOne(order);
        this.open.get(order.key)?.tls.prepare(order.tls);
      }
    } catch (error) {
      this.abort();
      return { ports: [], error: messageOf(error) };
    }
    // Because: each of them was open before or has just been opened.
    return { ports: orders.map(({ key }) => this.open.get(key)!.port), error: '' };
  }

  /** Makes the addresses of the last `prepare` serve with their settings and closes all others. Resolves when those are closed. */
  async commit(): Promise<void> {
    const closing: Promise<void>[] = [];
    const wanted = new Map(this.orders.map(order => [order.key, order]));
    for (const [key, each] of this.open) {
      const order = wanted.get(key);
      if (order === undefined) {
        // Connections that it accepts until it is closed have to leave as well.
        closing.push(this.closeOne(key, each).then(() => this.onReplaced(each.settings)));
        continue;
      }
      const tls = each.tls.commit();
      if (!sameSettings(each.settings, order, tls)) {
        // Connections that were accepted under the old settings end after their next response; the address stays open.
        this.onReplaced(each.settings);
        each.settings = settingsOf(order, each.port, tls);
      }
      const held = each.held ?? [];
      each.held = null;
      for (const socket of held) this.accept(socket, each.settings);
    }
    await Promise.all(closing);
  }

  /** Closes what was opened since the last `commit`. */
  abort(): void {
    for (const [key, each] of this.open) {
      each.tls.abort();
      if (each.held !== null) void this.closeOne(key, each);
    }
  }

  /** Resolves when no listener accepts connections any more. */
  async closeAll(): Promise<void> {
    await Promise.all(Array.from(this.open, ([key, each]) => this.closeOne(key, each)));
  }

  private async openOne(order: ListenOrder): Promise<void> {
    const listener = new Listener({ host: order.host, port: order.port }, this.readBuffer, socket => {
      if (entry.held === null) this.accept(socket, entry.settings);
      else entry.held.push(socket);
    });
    const settings = settingsOf(order, order.port, null);
    const entry: OpenListener = { listener, port: order.port, settings, tls: new ListenerTls(this.tickets), held: [] };
    entry.port = (await listener.listen()).port;
    entry.settings = settingsOf(order, entry.port, null);
    this.open.set(order.key, entry);
  }

  private async closeOne(key: string, each: OpenListener): Promise<void> {
    this.open.delete(key);
    await each.listener.close();
    for (const socket of each.held ?? []) socket.destroy();
  }
}

function settingsOf(order: ListenOrder, port: number, tls: ServerTls | null): ListenerSettings {
  const { key, proxyProtocol, trustedProxies, keepsClientCertificateHeaders, protocols, http2 } = order;
  return { key, port, proxyProtocol, trustedProxies, keepsClientCertificateHeaders, protocols, http2, tls };
}

/** Whether connections may go on under both settings. New certificates make no difference: connections keep those of their handshake. */
function sameSettings(a: ListenerSettings, b: ListenOrder, tls: ServerTls | null): boolean {
  return (
    a.tls === tls &&
    a.proxyProtocol === b.proxyProtocol &&
    a.protocols?.join() === b.protocols.join() &&
    JSON.stringify(a.http2) === JSON.stringify(b.http2) &&
    a.keepsClientCertificateHeaders === b.keepsClientCertificateHeaders &&
    a.trustedProxies.join() === b.trustedProxies.join()
  );
}
