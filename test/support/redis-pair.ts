// A Redis and its replica behind one address, as behind a virtual IP: when the primary is killed and the replica promoted, new
// connections lead to the replica. For tests.

import { connect, createServer, type Socket } from 'node:net';
import { eventually } from './eventually.ts';
import { listeningPort } from './listening-port.ts';
import { startReplicated } from './redis.ts';
import { redisCli } from './redis-cli.ts';

const PROMOTE_TIMEOUT_MS = 10_000;

export interface RedisPair {
  /** Port of the fixed address. */
  readonly port: number;
  /** Kills the primary with SIGKILL and sends `REPLICAOF NO ONE` to the replica after `afterMs`; resolves when the replica serves. */
  failOver(afterMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisPair(): Promise<RedisPair> {
  const { primary, replica } = await startReplicated();
  // Because: a replica reports to nobody when it has caught up.
  await eventually(
    async () => (await redisCli('-p', replica.port, 'info', 'replication')).includes('master_link_status:up'),
    'the replica has all',
  );
  let target = primary.port;
  const sockets = new Set<Socket>();
  const address = createServer(client => {
    const server = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const port = await listeningPort(address);
  return {
    port,
    async failOver(afterMs) {
      process.kill(primary.pid, 'SIGKILL');
      await new Promise(resolve => setTimeout(resolve, afterMs));
      await promote(replica.port);
      target = replica.port;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      address.close();
      await Promise.all([replica.stop(), primary.stop()]);
    },
  };
}

/** Over a socket: starting a redis-cli process would block this thread for a while. */
function promote(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('REPLICAOF NO ONE\r\n'));
    socket.setTimeout(PROMOTE_TIMEOUT_MS, () => socket.destroy(new Error('the replica does not answer REPLICAOF')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the replica closed before it answered REPLICAOF')));
    socket.once('data', () => {
      resolve();
      socket.destroy();
    });
  });
}
