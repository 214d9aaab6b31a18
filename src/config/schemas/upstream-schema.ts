// One entry of `upstreams`: servers that do the same work, and how they are used.

import { z } from 'zod';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { expected, MISSING } from '../../base/schema/found.ts';
import { isSocketPath } from '../../base/socket-path.ts';
import type { EndpointConfig, UpstreamConfig } from '../config.ts';
import type { DiscoverConfig } from '../discover-config.ts';
import { affinitySchema } from './affinity-schema.ts';
import { concurrencySchema } from './concurrency-schema.ts';
import { discoverSchema } from './discover-schema.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { hashOnSchema } from './hash-on-schema.ts';
import { poolSchema } from './pool-schema.ts';
import { protocolMisfit } from './protocol-misfit.ts';
import { resilienceContradictions, resilienceShape } from './resilience-schema.ts';
import { upstreamHostSchema } from './upstream-host-schema.ts';
import { upstreamTlsSchema } from './upstream-tls-schema.ts';

/** The TLS settings of `https://` endpoints when `tls` is left out. */
const systemTrust = upstreamTlsSchema.parse({});

const protocol = z.enum(['http/1.1', 'h2', 'h2c', 'auto']);

const written = z.strictObject({
  endpoints: z
    .array(endpointSchema, expected('a list of URLs such as http://10.0.0.1:8080'))
    .min(1, 'name at least one endpoint')
    .optional()
    .describe('The servers: URLs, or maps with a weight and a zone. A host name is looked up in the background.'),
  discover: discoverSchema.optional(),
  balance: z
    .enum(['p2c', 'roundRobin', 'leastRequest', 'peakEwma', 'random', 'ringHash', 'maglev'])
    .default('p2c')
    .describe('How an endpoint is chosen: `p2c` takes the less busy of two chosen at random.'),
  hashOn: hashOnSchema.optional(),
  protocol: protocol
    .default('http/1.1')
    .describe(
      'Protocol towards the endpoints: `http/1.1`, `h2` (HTTP/2 over TLS), `h2c` (HTTP/2 in plain text, with prior knowledge), or `auto`, where each endpoint chooses in the TLS handshake.',
    ),
  host: upstreamHostSchema,
  pool: poolSchema,
  tls: upstreamTlsSchema.optional(),
  timeout: durationOrZero
    .prefault('0s')
    .describe('The whole exchange; `0s` is no limit. A route’s `timeout` replaces it.'),
  responseTimeout: duration.prefault('30s').describe('From the request’s last byte to the response’s first.'),
  idleTimeout: duration.prefault('30s').describe('Between two pieces of a body.'),
  tunnelIdleTimeout: durationOrZero
    .prefault('1h')
    .describe('How long a tunnel (WebSocket) may stay without a byte in either direction; `0s` is no limit.'),
  tunnelHalfCloseTimeout: durationOrZero
    .prefault('1m')
    .describe(
      'The same once one end of the tunnel has closed its side; never longer than `tunnelIdleTimeout`. `0s` is no limit of its own.',
    ),
  ...resilienceShape,
  concurrency: concurrencySchema.optional(),
  affinity: affinitySchema.optional(),
  subset: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Number of endpoints of a large set that one gateway uses. Default: all.'),
});

export const upstreamSchema = written
  .superRefine((settings, context) => {
    const { endpoints: listed, discover, balance, hashOn, tls } = settings;
    resilienceContradictions(settings, context);
    if ((listed === undefined) === (discover === undefined)) {
      const message =
        listed === undefined
          ? `${MISSING}: expected a list of URLs, or \`discover\``
          : '`discover` finds the endpoints: expected either `endpoints` or `discover`, found both';
      context.addIssue({ code: 'custom', path: [listed === undefined ? 'endpoints' : 'discover'], message });
    }
    const endpoints = listed ?? [];
    const mayUseTls = endpoints.some(endpoint => endpoint.tls) || discoversTls(discover);
    const misfit = protocolMisfit(settings.protocol, endpoints, discover);
    if (misfit !== null) context.addIssue({ code: 'custom', path: ['protocol'], message: misfit });
    const hashes = balance === 'ringHash' || balance === 'maglev';
    if (hashes && hashOn === undefined) {
      const message = `\`${balance}\` needs \`hashOn\`: what to hash, such as { header: x-user-id }`;
      context.addIssue({ code: 'custom', path: ['balance'], message });
    }
    if (!hashes && hashOn !== undefined) {
      const message = `\`hashOn\` has no meaning with \`balance: ${balance}\`; expected ringHash or maglev`;
      context.addIssue({ code: 'custom', path: ['hashOn'], message });
    }
    if (hashes && settings.subset !== undefined) {
      const message = `\`subset\` has no meaning with \`balance: ${balance}\`: a key belongs to one endpoint of all`;
      context.addIssue({ code: 'custom', path: ['subset'], message });
    }
    if (hashes && settings.affinity !== undefined) {
      const message = `\`affinity\` has no meaning with \`balance: ${balance}\`, which keeps keys together by itself`;
      context.addIssue({ code: 'custom', path: ['affinity'], message });
    }
    const unused = unusedEndpoints(endpoints);
    if (unused !== null) context.addIssue({ code: 'custom', path: ['endpoints'], message: unused });
    if (tls !== undefined && !mayUseTls) {
      const message = '`tls` has no meaning here: no endpoint begins with https://';
      context.addIssue({ code: 'custom', path: ['tls'], message });
    }
    if (settings.healthCheck?.port != null && endpoints.some(({ host }) => isSocketPath(host))) {
      const message = '`port` has no meaning here: a Unix socket among the endpoints has none';
      context.addIssue({ code: 'custom', path: ['healthCheck', 'port'], message });
    }
    const firstAt = new Map<string, number>();
    for (const [at, { url }] of endpoints.entries()) {
      const first = firstAt.get(url);
      if (first === undefined) firstAt.set(url, at);
      else
        context.addIssue({ code: 'custom', path: ['endpoints', at], message: `the endpoint ${url} is listed twice` });
    }
  })
  .transform(
    ({
      endpoints = [],
      discover,
      hashOn,
      host,
      tls,
      timeout,
      responseTimeout,
      idleTimeout,
      tunnelIdleTimeout,
      tunnelHalfCloseTimeout,
      slowStart,
      ...rest
    }): Omit<UpstreamConfig, 'name'> => ({
      endpoints,
      ...(discover !== undefined && { discover }),
      ...rest,
      hashOn: hashOn ?? null,
      ...(host !== 'client' && { host }),
      tls: tls ?? (endpoints.some(endpoint => endpoint.tls) || discoversTls(discover) ? systemTrust : null),
      timeoutMs: timeout,
      responseTimeoutMs: responseTimeout,
      idleTimeoutMs: idleTimeout,
      tunnelIdleTimeoutMs: tunnelIdleTimeout,
      tunnelHalfCloseTimeoutMs: tunnelHalfCloseTimeout,
      ...(slowStart !== undefined && { slowStartMs: slowStart }),
    }),
  )
  .describe('Servers that do the same work, and how they are used.');

/** What is wrong when no endpoint would get requests in normal times; null when one does. */
function unusedEndpoints(endpoints: readonly EndpointConfig[]): string | null {
  if (endpoints.length === 0) return null;
  const others = endpoints.filter(({ backup }) => backup !== true);
  if (others.length === 0) return 'every endpoint is a `backup`: expected one without it, which is used as a rule';
  if (others.some(({ weight }) => weight > 0)) return null;
  return others.length === endpoints.length
    ? 'every endpoint has the weight 0, so none would get a request'
    : 'every endpoint that is no `backup` has the weight 0, so the backups would get all requests';
}

/** Whether discovered endpoints may use TLS. Those of a file may, because the file decides it for each endpoint. */
function discoversTls(discover: DiscoverConfig | undefined): boolean {
  return discover !== undefined && (discover.kind === 'file' || discover.tls);
}
