// PostgreSQL from Debian's package as a child process of a test, in its own folder, not as a service, and without fsync.

import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, startChild, untilAccepting } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export interface PostgresServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  /** To start again on the port of an earlier server. */
  readonly port?: number;
}

const folders = ['/usr/lib/postgresql/15/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/17/bin', '/usr/bin'];

/** PostgreSQL refuses to run as root: as root, everything is run as the package's user `postgres`. */
function asServer(command: string, args: readonly string[]): readonly [string, readonly string[]] {
  const program = path.join(folders.find(folder => existsSync(path.join(folder, command))) ?? '', command);
  if (process.getuid?.() !== 0) return [program, args];
  return ['setpriv', ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', program, ...args]];
}

function run(command: string, args: readonly string[]): string {
  const [program, all] = asServer(command, args);
  const { status, stdout, stderr } = spawnSync(program, all, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}${stdout}`);
  return stdout.trim();
}

export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-postgres-'));
  if (process.getuid?.() === 0) {
    const ids = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout.trim();
    chownSync(folder, Number(ids), -1);
  }
  const data = path.join(folder, 'data');
  run('initdb', ['-D', data, '-U', 'cardea', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']);
  const [program, args] = asServer('postgres', [
    ...['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder],
    ...['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off', '-c', 'shared_buffers=16MB'],
  ]);
  const child: Child = await startChild(program, args);
  await untilAccepting(child, port);
  const [client, query] = asServer('psql', [
    ...['-h', '127.0.0.1', '-p', String(port), '-U', 'cardea', '-c', 'select 1', 'postgres'],
  ]);
  // Because: the server accepts connections before it executes queries.
  await eventually(() => spawnSync(client, query, { timeout: 5_000 }).status === 0, 'PostgreSQL takes queries').catch(
    async (error: unknown) => {
      await child.stop();
      throw error;
    },
  );
  return {
    port,
    url: `postgres://cardea@127.0.0.1:${port}/postgres`,
    pid: child.pid,
    async stop() {
      // SIGTERM would wait for clients to disconnect.
      process.kill(child.pid, 'SIGINT');
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
