// Redis from Debian's package, or the server that `CARDEA_REDIS_SERVER` names (a valkey-server), as a child process of a test: alone, or
// with a replica. Nothing is written to disk.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { type Child, startChild, untilSaid } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Sends SIGSTOP: connections stay open, but nothing is answered. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** To start again on the port of an earlier server. */
  readonly port?: number;
  readonly arguments?: readonly string[];
  readonly password?: string;
}

/** `arguments` of a server on which `loadSlowly` works. */
export const loadsSlowly = ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'];

/** Makes the server reload its data, at `key-load-delay` microseconds per key until the test sets 0. `own`: a connection for this alone. */
export async function loadSlowly(admin: Redis, own: Redis): Promise<void> {
  await admin.call('DEBUG', 'POPULATE', 200_000);
  await admin.config('SET', 'key-load-delay', '100');
  own.call('DEBUG', 'RELOAD').catch(() => {});
  await eventually(async () => (await admin.info('persistence')).includes('loading:1'), 'it loads');
}

export const redisCommand = process.env['CARDEA_REDIS_SERVER'] ?? '/usr/bin/redis-server';

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-redis-'));
  const { password = '' } = options;
  const child: Child = await startChild(redisCommand, [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    ...(password === '' ? [] : ['--requirepass', password]),
    ...(options.arguments ?? []),
  ]);
  // Trying whether the port accepts would not do: another test's server that took the port meanwhile would be mistaken for this one.
  await untilSaid(child, 'Ready to accept connections');
  const end = async () => {
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    port,
    url: password === '' ? `redis://127.0.0.1:${port}` : `redis://:${password}@127.0.0.1:${port}`,
    pid: child.pid,
    pause: () => void process.kill(child.pid, 'SIGSTOP'),
    resume: () => void process.kill(child.pid, 'SIGCONT'),
    async kill() {
      process.kill(child.pid, 'SIGKILL');
      await end();
    },
    async stop() {
      await child.stop();
      await end();
    },
  };
}

/** A server and its replica, which need not have caught up yet. */
export async function startReplicated(password = ''): Promise<{ primary: RedisServer; replica: RedisServer }> {
  // Because: otherwise the primary waits five seconds for more replicas.
  const ofBoth = ['--repl-diskless-sync-delay', '0', ...(password === '' ? [] : ['--masterauth', password])];
  const primary = await startRedis({ password, arguments: ofBoth });
  const replica = await startRedis({
    password,
    arguments: [...ofBoth, '--replicaof', '127.0.0.1', String(primary.port)],
  });
  return { primary, replica };
}
