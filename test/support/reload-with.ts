// Gives a running gateway another configuration: writes it, sends SIGHUP, and waits until it serves.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import type { RunningGateway } from './gateway.ts';

/** `change` gets the text of the serving configuration and returns the next one, which must differ. */
export async function reloadWith(gateway: RunningGateway, change: (text: string) => string): Promise<void> {
  const before = await versionOf(gateway);
  writeFileSync(`${gateway.configPath}.new`, change(readFileSync(gateway.configPath, 'utf8')));
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
  process.kill(gateway.pid, 'SIGHUP');
  // Because: a reload reports to nobody when it is over.
  await eventually(async () => (await versionOf(gateway)) !== before, 'the new configuration serves');
}

async function versionOf({ adminPort }: RunningGateway): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/config`);
  return ((await response.json()) as { version: string }).version; // Because: the page's shape is tested with the admin endpoint
}
