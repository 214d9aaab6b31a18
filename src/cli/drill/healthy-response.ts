// How stand-ins are checked in place of an upstream's endpoints, and the response that is healthy then. When a stand-in fails is decided
// elsewhere.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HealthCheckConfig } from '../../config/resilience-config.ts';

export interface HealthyResponse {
  /** Path of the health check; null when there is no check by HTTP. */
  readonly path: string | null;
  readonly status: number;
  readonly body: string;
}

/** Statuses of final responses, with 200 first. */
const statuses = [200, ...Array.from({ length: 400 }, (_, n) => 200 + n)];

/** Statuses of responses without a body. */
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);

/** A gRPC service is checked over HTTP, as often and as strictly, because stand-ins speak HTTP/1.1 only. */
export function checkOfStandIns(check: HealthCheckConfig): HealthCheckConfig {
  return { ...check, kind: check.kind === 'grpc' ? 'http' : check.kind, port: null };
}

/** The response that is healthy for stand-ins of an upstream with this check; without a check, any response will do. */
export function healthyResponseFor(upstreamCheck: HealthCheckConfig | undefined): HealthyResponse {
  const check = upstreamCheck && checkOfStandIns(upstreamCheck);
  if (check?.kind !== 'http') return { path: null, status: 200, body: 'ok' };
  const expected = statuses.filter(status => check.expect.some(({ from, to }) => status >= from && status <= to));
  const status = expected.find(each => check.body === null || !withoutBody.has(each)) ?? expected[0] ?? 200;
  return { path: check.path, status, body: check.body ?? 'ok' };
}

export function isHealthCheck(request: IncomingMessage, { path }: HealthyResponse): boolean {
  return request.url === path;
}

export function sendResponse(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  if (withoutBody.has(status)) response.end();
  else response.end(body);
}
