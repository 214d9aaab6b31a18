// A Redis Cluster of three masters, each with a replica, as child processes of a test.

import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { redisCli } from './redis-cli.ts';

/** Time after which the other nodes consider a master dead. */
const NODE_TIMEOUT_MS = 500;

export interface RedisCluster {
  /** Masters first, in their initial roles. */
  readonly nodes: readonly RedisServer[];
  /** Kills a master; resolves when a replica serves its slots. */
  failOver(master: number): Promise<void>;
  /** Moves a slot with its keys to another master, as `redis-cli --cluster reshard` does. Calls `meanwhile` before and after that. */
  moveSlot(slot: number, meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisCluster> {
  // Because: with the default delay, replicas have no data for five seconds, and are not elected.
  const settings = [
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
    ...['--repl-diskless-sync-delay', '0'],
  ];
  const nodes: RedisServer[] = [];
  const killed = new Set<number>();
  const everywhere = async (what: string, wanted: (nodesText: string, info: string) => boolean) => {
    for (const [at, { port }] of nodes.entries()) {
      if (killed.has(at)) continue;
      const ask = (what: string) => redisCli('-p', port, 'cluster', what);
      await eventually(
        async () => wanted(await ask('nodes'), await ask('info')),
        `${what}, seen by the node of port ${port}`,
      );
    }
  };
  const form = async () => {
    const addresses: string[] = [];
    while (nodes.length < 6) {
      // Not the default, which is the port plus 10,000: another test's server or an outgoing connection may have that port.
      const [port, busPort] = [await freePort(), await freePort()];
      nodes.push(await startRedis({ port, arguments: [...settings, '--cluster-port', String(busPort)] }));
      addresses.push(`127.0.0.1:${port}@${busPort}`);
    }
    await redisCli('--cluster', 'create', ...addresses, '--cluster-replicas', 1, '--cluster-yes');
    await everywhere('the cluster is whole', (_, info) => info.includes('cluster_state:ok'));
    await everywhere(
      'three replicas are known',
      text => text.split('\n').filter(line => line.includes('slave') && !line.includes('handshake')).length === 3,
    );
    for (const { port } of nodes) {
      const replication = () => redisCli('-p', port, 'info', 'replication');
      // Because: a replica reports to nobody when it has caught up.
      await eventually(async () => !(await replication()).includes('master_link_status:down'), `port ${port} has all`);
    }
  };
  const stop = async () => {
    await Promise.all(nodes.map((node, at) => (killed.has(at) ? Promise.resolve() : node.stop())));
  };
  await form().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    nodes,
    async failOver(master) {
      killed.add(master);
      await nodes[master]!.kill();
      const isServed = (line: string) =>
        / connected \d/.test(line) && line.includes('master') && !line.includes('fail');
      await everywhere(
        'three masters are served from',
        (text, info) => info.includes('cluster_state:ok') && text.split('\n').filter(isServed).length === 3,
      );
    },
    async moveSlot(slot, meanwhile) {
      const ask = async (port: number, ...words: (string | number)[]) =>
        (await redisCli('-e', '-p', port, ...words)).trim();
      const masters: { port: number; id: string; has: boolean }[] = [];
      for (const [at, { port }] of nodes.entries()) {
        if (killed.has(at)) continue;
        const [id = '', , flags = '', , , , , , ...ranges] =
          (await ask(port, 'cluster', 'nodes'))
            .split('\n')
            .find(line => line.includes('myself'))
            ?.split(' ') ?? [];
        const has = ranges.some(range => {
          const [from, to = from] = range.split('-').map(Number);
          return slot >= from! && slot <= to!;
        });
        if (flags.includes('master')) masters.push({ port, id, has });
      }
      const source = masters.find(({ has }) => has)!;
      const target = masters.find(({ has }) => !has)!;
      await ask(target.port, 'cluster', 'setslot', slot, 'importing', source.id);
      await ask(source.port, 'cluster', 'setslot', slot, 'migrating', target.id);
      await meanwhile();
      await moveKeys(slot, source.port, target.port);
      await meanwhile();
      for (const { port } of masters) await ask(port, 'cluster', 'setslot', slot, 'node', target.id);
    },
    stop,
  };
}

/** Rejects when the target already has one of the keys. */
async function moveKeys(slot: number, from: number, to: number): Promise<void> {
  const server = new Redis(from);
  try {
    const keys = await server.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, 10_000);
    // Because: the command returns a list of keys, and a key may contain any bytes.
    for (const key of keys as Buffer[]) await server.call('MIGRATE', '127.0.0.1', to, key, 0, 5_000);
  } finally {
    server.disconnect();
  }
}
