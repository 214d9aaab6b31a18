// The gateway of a drill in this process: two workers on the drill's configuration, which speak plain HTTP only. What is
// measured on it is each drill's own.

import type { Config } from '../../config/config.ts';
import type { LoadedFile } from '../../runtime/load.ts';
import { Supervisor } from '../../runtime/supervisor.ts';
import { packageVersion } from '../package-version.ts';

/**
 * Starts the gateway, resolves with what `measure` resolves with, and ends it in any case. `loaded` is the user's file, from which `config`
 * was made. Rejects if the gateway does not start.
 */
export async function onDrillGateway<Result>(
  loaded: LoadedFile,
  config: Config,
  measure: (supervisor: Supervisor) => Promise<Result>,
): Promise<Result> {
  const staged: LoadedFile = { ...loaded, config, tls: { listeners: [], upstreams: new Map(), certificates: [] } };
  const supervisor = new Supervisor({
    workers: 2,
    load: () => Promise.resolve(staged),
    version: packageVersion(),
    quiet: true,
  });
  try {
    const started = await supervisor.start(staged);
    if (!started.ok) throw new Error(started.reason === '' ? (started.problems[0]?.message ?? '') : started.reason);
    return await measure(supervisor);
  } finally {
    await supervisor.abandon();
  }
}
