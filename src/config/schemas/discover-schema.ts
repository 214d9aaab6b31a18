// An upstream's `discover`: where its endpoints come from when they are not listed. The lookups are in src/upstream/discovery.

import { z } from 'zod';
import { isIpAddress } from '../../base/ip-address.ts';
import { duration } from '../../base/schema/duration.ts';
import { expected, found } from '../../base/schema/found.ts';
import type { DiscoverConfig } from '../discover-config.ts';

const hostNameExpected = expected('a host name such as users.internal');
const hostName = z
  .string(hostNameExpected)
  .max(254, hostNameExpected)
  // Because: a dot between labels, instead of an optional one after each, keeps a long name with a wrong letter from matching without end.
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/,
    hostNameExpected,
  )
  .refine(name => !isIpAddress(name), 'this is an address, not a name: write it under `endpoints`');

const serverExpected = expected('the address of a DNS server such as 10.0.0.53 or 10.0.0.53:5353');
const server = z.string(serverExpected).transform((text, context): readonly [string, number] => {
  const place = parseServer(text);
  if (place !== null) return place;
  context.addIssue({ code: 'custom', message: `expected the address of a DNS server, found ${found(text)}` });
  return z.NEVER;
});

const ttlMin = '1s';
const ttlMax = '5m';
const lookupTimeout = '1500ms';

const written = z.strictObject({
  dns: hostName.optional().describe('A host name: each of its A or AAAA records is an endpoint. Needs `port`.'),
  srv: hostName
    .optional()
    .describe('A service name such as `_http._tcp.users.internal`: its SRV records give addresses, ports and weights.'),
  file: z
    .string()
    .min(1)
    .optional()
    .describe('A YAML or JSON file with `endpoints: [...]`, as under an upstream. Watched; other keys are refused.'),
  port: z.int().min(1).max(65_535).optional().describe('With `dns`: the port of every endpoint.'),
  scheme: z.enum(['http', 'https']).optional().describe('With `dns` and `srv`: `http` by default.'),
  family: z
    .enum(['auto', 'ipv4', 'ipv6', 'all'])
    .optional()
    .describe('Which addresses are used. `auto`, the default: IPv4, or IPv6 if there is no IPv4 address.'),
  server: z
    .union([server.transform(one => [one]), z.array(server).min(1).max(8)], serverExpected)
    .optional()
    .describe('DNS servers to ask instead of the machine’s own: an address, with or without a port, or a list.'),
  timeout: duration.optional().describe(`How long one server may take to answer. Default: ${lookupTimeout}.`),
  minTtl: duration
    .optional()
    .describe(`A name is looked up again after its TTL, but not sooner than this. Default: ${ttlMin}.`),
  maxTtl: duration.optional().describe(`And not later than this. Default: ${ttlMax}.`),
});

type Written = z.output<typeof written>;

export const discoverSchema = written
  .transform((settings, context): DiscoverConfig => {
    const fail = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const kinds = (['dns', 'srv', 'file'] as const).filter(kind => settings[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      const names = kinds.length === 0 ? 'none' : kinds.join(' and ');
      fail([], `expected one of \`dns\`, \`srv\` and \`file\`, found ${names}`);
      return z.NEVER;
    }
    checkKind(kind, settings, fail);
    const { keptMinMs, keptMaxMs } = bounds(settings);
    if (keptMinMs > keptMaxMs) {
      if (settings.minTtl !== undefined) fail(['minTtl'], '`minTtl` is longer than `maxTtl`');
      else
        fail(['maxTtl'], `\`maxTtl\` is shorter than the default of \`minTtl\`, ${ttlMin}: write \`minTtl\` as well`);
    }
    if (kind === 'file') return { kind, path: settings.file! };
    return {
      kind,
      name: settings[kind]!.toLowerCase(),
      port: settings.port ?? 0,
      tls: settings.scheme === 'https',
      family: settings.family ?? 'auto',
      servers: settings.server ?? [],
      timeoutMs: settings.timeout ?? 1_500,
      keptMinMs,
      keptMaxMs,
    };
  })
  .describe('Where endpoints are found, in place of a list. They join and leave without a reload.');

/** Each kind of discovery has settings that it needs, and others that mean nothing with it. */
function checkKind(kind: 'dns' | 'srv' | 'file', settings: Written, fail: (path: string[], message: string) => void) {
  if (kind === 'dns' && settings.port === undefined) fail(['port'], '`port` is missing: address records contain none');
  if (kind === 'srv' && settings.port !== undefined)
    fail(['port'], '`port` has no meaning with `srv`: its records contain it');
  if (kind !== 'file') return;
  for (const [key, value] of Object.entries(settings)) {
    if (key !== kind && value !== undefined) fail([key], `\`${key}\` has no meaning with \`file\``);
  }
}

function bounds({ minTtl = 1_000, maxTtl = Math.max(300_000, minTtl) }: Written) {
  return { keptMinMs: minTtl, keptMaxMs: maxTtl };
}

/** Parses `10.0.0.53`, `10.0.0.53:5353`, `fd00::53` or `[fd00::53]:5353`; null when the text is none of them. The default port is 53. */
function parseServer(text: string): readonly [string, number] | null {
  if (isIpAddress(text)) return [text, 53];
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 0);
  return isIpAddress(host) && port > 0 && port < 65_536 ? [host, port] : null;
}
