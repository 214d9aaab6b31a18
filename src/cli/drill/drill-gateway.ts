// The gateway of a drill in this process: two workers with the drill's configuration, which serve plain HTTP only. Each drill defines what
// to measure.

import type { Config } from '../../config/config.ts';
import type { LoadedFile } from '../../runtime/load.ts';
import { Supervisor } from '../../runtime/supervisor.ts';
import { packageVersion } from '../package-version.ts';

/**
 * Starts the gateway, resolves with the result of `measure`, and ends the gateway in any case. `loaded` is the user's file, from which
 * `config` was made. Rejects if the gateway does not start.
 */
export async function onDrillGateway<Result>(
  loaded: LoadedFile,
  config: Config,
  measure: (supervisor: Supervisor) => Promise<Result>,
): Promise<Result> {
  const staged: LoadedFile = {
    ...loaded,
    config,
    tls: { listeners: [], upstreams: new Map(), certificates: [], revocationLists: [] },
  };
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
