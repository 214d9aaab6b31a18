// A Redis, its replica, and three Sentinels that watch them, as child processes of a test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, startChild, untilSaid } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisServer, redisCommand, startReplicated } from './redis.ts';
import { redisCli } from './redis-cli.ts';

export const MASTER_NAME = 'budgets';
const SENTINELS = 3;

export interface RedisSentinels {
  readonly ports: readonly number[];
  /** As they were at first. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Stops the first master's process, which goes on when all is stopped. */
  pauseMaster(): void;
  /** Resolves when the Sentinels name the server that was the replica at first. */
  untilPromoted(): Promise<void>;
  /** Has the Sentinels make the replica the master while both are well. */
  swap(): Promise<void>;
  stop(): Promise<void>;
}

/** `sentinelPassword` is asked for by the Sentinels, `password` by the servers. */
export async function startRedisSentinels({ sentinelPassword = '', password = '' } = {}): Promise<RedisSentinels> {
  const { primary: master, replica } = await startReplicated(password);
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-sentinels-'));
  const sentinels: Child[] = [];
  const ports: number[] = [];
  const login = sentinelPassword === '' ? [] : ['--no-auth-warning', '-a', sentinelPassword];
  const ask = (port: number, ...words: readonly string[]) =>
    redisCli(...login, '-p', port, 'sentinel', ...words, MASTER_NAME);
  while (ports.length < SENTINELS) {
    const port = await freePort();
    // A Sentinel writes what it learns into its configuration.
    const file = path.join(folder, `${port}.conf`);
    const lines = [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`],
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 2`,
      ...[`sentinel down-after-milliseconds ${MASTER_NAME} 500`, `sentinel failover-timeout ${MASTER_NAME} 3000`],
      ...(password === '' ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
      ...(sentinelPassword === '' ? [] : [`requirepass ${sentinelPassword}`]),
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const sentinel = await startChild(redisCommand, [file, '--sentinel']);
    await untilSaid(sentinel, '+monitor master');
    sentinels.push(sentinel);
    ports.push(port);
  }
  for (const port of ports) {
    const knowsAll = async () => {
      const words = (await ask(port, 'master')).split('\n').map(word => word.trim());
      const value = (name: string) => words[words.indexOf(name) + 1];
      return value('num-slaves') === '1' && value('num-other-sentinels') === String(SENTINELS - 1);
    };
    await eventually(knowsAll, `the Sentinel of port ${port} knows the replica and the other Sentinels`);
  }
  let isPaused = false;
  const untilPromoted = async () => {
    for (const port of ports) {
      const names = async () => (await ask(port, 'get-master-addr-by-name')).includes(String(replica.port));
      await eventually(names, `the Sentinel of port ${port} names the new master`);
    }
  };
  return {
    ports,
    master,
    replica,
    pauseMaster() {
      master.pause();
      isPaused = true;
    },
    untilPromoted,
    async swap() {
      await ask(ports[0]!, 'failover');
      await untilPromoted();
    },
    async stop() {
      await Promise.all(sentinels.map(sentinel => sentinel.stop()));
      // Because: a process that is paused does not act on a signal to end.
      if (isPaused) master.resume();
      await Promise.all([replica.stop(), master.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
