// The gateway as its users run it: `bin/cardea run` in its own process, on free ports, stopped by its pid.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild, untilSaid } from './child.ts';
import { freePort } from './free-port.ts';
import { configuredSecrets, shownSecrets } from './shown-secrets.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface RunningGateway {
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly configPath: string;
  stderr(): string;
  stdout(): string;
  readonly exited: Promise<number | string>;
  /** Sends SIGTERM; resolves with the exit code or the signal's name. Rejects when the output contains a secret; see shown-secrets.ts. */
  stop(): Promise<number | string>;
}

export interface GatewayOptions {
  readonly workers?: number;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Starts the gateway and waits until it reports that it is ready. `config` is YAML without `listeners` and `admin`, which are
 * prepended, or a whole document, in which `{{port}}` and `{{adminPort}}` stand for the ports.
 */
export async function startGateway(config: string, options: GatewayOptions = {}): Promise<RunningGateway> {
  const port = await freePort();
  const adminPort = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-test-'));
  const configPath = path.join(folder, 'cardea.yaml');
  const opening = /^listeners:/m.test(config)
    ? ''
    : `listeners:\n  - address: 127.0.0.1:${port}\nadmin: { address: "127.0.0.1:${adminPort}" }\n`;
  writeFileSync(
    configPath,
    opening + config.replaceAll('{{port}}', String(port)).replaceAll('{{adminPort}}', String(adminPort)),
  );
  const secrets = configuredSecrets(config);
  const child = await startChild(
    // The same tests can run another build of the command, such as an installed package.
    process.env['CARDEA_COMMAND'] ?? path.join(root, 'bin/cardea'),
    ['run', '-c', configPath, '--workers', String(options.workers ?? 1)],
    options.environment,
  );
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  await untilSaid(child, ' ready: ').catch((error: unknown) => {
    removeFolder();
    throw error;
  });
  return {
    port,
    adminPort,
    pid: child.pid,
    configPath,
    stderr: child.stderr,
    stdout: child.stdout,
    exited: child.exited,
    async stop() {
      const code = await child.stop();
      removeFolder();
      const shown = shownSecrets([child.stderr(), child.stdout()], secrets);
      if (shown.length > 0) throw new Error(`the gateway shows secrets: ${shown.slice(0, 3).join(' | ')}`);
      return code;
    },
  };
}
