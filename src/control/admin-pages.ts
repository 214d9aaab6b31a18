// The pages of the admin server, by path. browser-guard.ts decides beforehand which requests may read them.

import { asWritten } from '../config/output/as-written.ts';
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from '../telemetry/prometheus.ts';
import type { AdminView } from './admin-view.ts';
import { reasonsAgainstReady } from './readiness.ts';
import { redact } from './redact.ts';
import { listRoutes } from './route-list.ts';

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type PageMaker = (view: AdminView) => Page | Promise<Page>;

/** Maps each path to the function that makes its page. */
export const adminPages: ReadonlyMap<string, PageMaker> = new Map<string, PageMaker>([
  ['/metrics', metrics],
  ['/health/live', () => json(200, { status: 'live' })],
  ['/health/ready', ready],
  ['/config', config],
  ['/routes', routes],
  ['/upstreams', async view => json(200, await view.upstreams())],
]);

function metrics({ metrics: registry }: AdminView): Page {
  if (registry === null) return json(503, { status: 'starting' });
  return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body: renderPrometheus(registry) };
}

function routes({ status, canaryReports }: AdminView): Page {
  const listed = (status.config === null ? [] : listRoutes(status.config)).map(route => {
    const canary = canaryReports?.get(route.name);
    return canary === undefined ? route : { ...route, canary };
  });
  return json(200, { routes: listed });
}

function ready(view: AdminView): Page {
  const reasons = reasonsAgainstReady(view);
  const stale = (view.feedTroubles ?? []).map(({ kind, trouble, since }) => ({
    kind,
    trouble,
    since: timeText(since),
  }));
  const certificates = (view.certificateWarnings ?? []).map(({ file, warning, expiresAt }) => ({
    file,
    warning,
    expires: timeText(expiresAt),
  }));
  const detail = { ...(stale.length > 0 && { stale }), ...(certificates.length > 0 && { certificates }) };
  return reasons.length === 0
    ? json(200, { status: 'ready', ...detail })
    : json(503, { status: 'not ready', reasons, ...detail });
}

function config({ status }: AdminView): Page {
  const { config: running, lastFailure, loadedAt, listeners, phase, workersServing, workersWanted, startedAt } = status;
  return json(200, {
    version: running?.version ?? null,
    loadedAt: loadedAt === 0 ? null : timeText(loadedAt),
    lastError: lastFailure === null ? null : { ...lastFailure, at: timeText(lastFailure.at) },
    phase,
    startedAt: timeText(startedAt),
    listeners,
    workers: { serving: workersServing, wanted: workersWanted },
    config: running === null ? null : redact(asWritten(running, running)),
  });
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Makes a JSON page, indented for people who read it with curl. */
export function json(status: number, value: unknown, contentType = 'application/json'): Page {
  return { status, contentType, body: `${JSON.stringify(value, null, 2)}\n` };
}
