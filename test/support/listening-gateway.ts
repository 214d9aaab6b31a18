// A gateway over a snapshot that a test has made, on a free port of this machine.

import { Gateway } from '../../src/exchange/gateway.ts';
import type { ListenerSettings } from '../../src/exchange/listener-settings.ts';
import type { Snapshot } from '../../src/exchange/snapshot.ts';
import type { ThreadIo } from '../../src/net/io.ts';
import { Listener } from '../../src/net/listener.ts';
import type { AccessLog } from '../../src/telemetry/access-log.ts';

export interface ListeningGateway {
  readonly gateway: Gateway;
  readonly port: number;
  /** Messages that the gateway logged. */
  readonly log: readonly string[];
  /** Stops listening, and ends what is under way. */
  close(): Promise<void>;
}

export async function listeningGateway(
  snapshot: Snapshot,
  services: { readonly io: ThreadIo; readonly cells: Float64Array; readonly accessLog: AccessLog },
  settings: Partial<ListenerSettings>,
): Promise<ListeningGateway> {
  const log: string[] = [];
  const gateway = new Gateway(snapshot, {
    ...services,
    workerMetricsOffset: 0,
    log: (_level, message) => log.push(message),
  });
  await gateway.prepare();
  const whole: ListenerSettings = {
    key: '',
    port: 0,
    proxyProtocol: false,
    trustedProxies: [],
    keepsClientCertificateHeaders: false,
    tls: null,
    ...settings,
  };
  const listener = new Listener({ host: '127.0.0.1', port: 0 }, services.io.readBuffer, socket =>
    gateway.accept(socket, whole),
  );
  const { port } = await listener.listen();
  const close = async () => {
    listener.close();
    await gateway.drain(0);
  };
  return { gateway, port, log, close };
}
