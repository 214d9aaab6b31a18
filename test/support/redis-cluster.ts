// A Redis Cluster of three masters, each with a replica, as child processes of a test.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisServer, startRedis } from './redis.ts';

const run = promisify(execFile);
/** Until the others take a master for dead. */
const NODE_TIMEOUT_MS = 500;

export interface RedisCluster {
  /** Masters first, as they were when it was made. */
  readonly nodes: readonly RedisServer[];
  /** Kills a master and resolves when a replica has its slots. */
  failOver(master: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisCluster> {
  // Because: with the delay that is usual, replicas have nothing for five seconds, and are not elected.
  const settings = [
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
    ...['--repl-diskless-sync-delay', '0'],
  ];
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startRedis({ arguments: settings })));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']);
  const killed = new Set<number>();
  const everywhere = async (wanted: (nodesText: string, info: string) => boolean) => {
    for (const [at, { port }] of nodes.entries()) {
      if (killed.has(at)) continue;
      for (;;) {
        const ask = async (what: string) => (await run('redis-cli', ['-p', String(port), 'cluster', what])).stdout;
        const [nodesText, info] = [await ask('nodes'), await ask('info')];
        if (wanted(nodesText, info)) break;
        await new Promise(resolve => setTimeout(resolve, 50));
      }
    }
  };
  await everywhere((_, info) => info.includes('cluster_state:ok'));
  await everywhere(
    text => text.split('\n').filter(line => line.includes('slave') && !line.includes('handshake')).length === 3,
  );
  for (const { port } of nodes) {
    const replication = async () => (await run('redis-cli', ['-p', String(port), 'info', 'replication'])).stdout;
    while ((await replication()).includes('master_link_status:down'))
      await new Promise(resolve => setTimeout(resolve, 20)); // Because: a replica tells nobody when it has caught up.
  }
  return {
    nodes,
    async failOver(master) {
      killed.add(master);
      await nodes[master]!.kill();
      const isServed = (line: string) =>
        / connected \d/.test(line) && line.includes('master') && !line.includes('fail');
      await everywhere(
        (text, info) => info.includes('cluster_state:ok') && text.split('\n').filter(isServed).length === 3,
      );
    },
    async stop() {
      await Promise.all(nodes.map((node, at) => (killed.has(at) ? Promise.resolve() : node.stop())));
    },
  };
}
