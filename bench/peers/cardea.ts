// The gateway itself with one worker, started as its users start it. Left out when `bin/cardea` does not run.

import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { makeCertificate } from '../backend/certificate.ts';
import { writePublicKey } from '../backend/tokens.ts';
import { launch } from '../launch.ts';
import type { Peer, Setup } from '../peer.ts';
import { routePrefix } from '../peer.ts';
import { cardeaConsumers, cardeaPolicy } from './cardea-policy.ts';

const root = path.resolve(import.meta.dirname, '../..');
// Another build of the command can be measured with `CARDEA_COMMAND=/elsewhere/bin/cardea`.
const binary = process.env['CARDEA_COMMAND'] ?? path.join(root, 'bin/cardea');

/** With the defaults: metrics on, access log on. */
export const cardea = cardeaPeer(
  'cardea',
  'routing, metrics and access log on (to a file)',
  folder => `${folder}/access.log`,
);

/** Without the access log, to see what it costs. */
export const cardeaWithoutLog = cardeaPeer('cardea-nolog', 'routing and metrics on, access log off', () => 'off', true);

function cardeaPeer(name: string, note: string, accessLog: (folder: string) => string, logVariant = false): Peer {
  return {
    name,
    note,
    jit: true,
    logs: !logVariant,
    logVariant,
    abilities: ['routes', 'filters', 'resilience', 'policy', 'taxes', 'reload', 'tls', 'h2', 'grpc'],
    version() {
      const said = spawnSync(binary, ['--version'], { encoding: 'utf8' });
      // A printed version does not prove that the gateway runs: the checkout may be in the middle of a change.
      const example = path.join(root, 'examples/quickstart.yaml');
      const tried = said.status === 0 ? spawnSync(binary, ['validate', '-c', example], { encoding: 'utf8' }) : said;
      if (tried.status !== 0) {
        const words = `${tried.stderr ?? ''}${tried.stdout ?? ''}`.trim().split('\n');
        throw new Error(`${binary} does not run: ${words.find(line => /error|cannot/i.test(line)) ?? words[0]}`);
      }
      return `cardea/${said.stdout.trim().replace(/^cardea\s*/, '')}`;
    },
    async start(setup) {
      const port = await freePort();
      const adminPort = await freePort();
      const barePort = setup.bareBeside ? await freePort() : null;
      const file = path.join(setup.folder, 'cardea.yaml');
      const write = (to: string, wanted: Setup) =>
        writeFileSync(to, configuration(wanted, { port, barePort, adminPort, accessLog: accessLog(wanted.folder) }));
      if (setup.tls) makeCertificate(setup.folder);
      if (setup.policy !== null) writePublicKey(setup.folder);
      write(file, setup);
      const { child, startMs } = await launch(
        binary,
        ['run', '-c', file, '--workers', '1'],
        port,
        setup.tls,
        {},
        setup.policy !== null,
      );
      return {
        port,
        ...(barePort === null ? {} : { barePort }),
        startMs,
        pid: () => child.pid,
        prepareReload(wanted) {
          // In a file beside the configuration, because the configuration itself is watched.
          const next = `${file}.next`;
          write(next, wanted);
          return () => {
            renameSync(next, file);
            process.kill(child.pid, 'SIGHUP');
          };
        },
        stop: () => child.stop(),
      };
    },
  };
}

interface Places {
  readonly port: number;
  /** Null without `bareBeside`. */
  readonly barePort: number | null;
  readonly adminPort: number;
  readonly accessLog: string;
}

/** The configuration in YAML, as a user would write it. */
function configuration(setup: Setup, { port, barePort, adminPort, accessLog }: Places): string {
  const routes = Array.from(
    { length: setup.routes },
    (_, i) => `  - { name: service-${i}-${setup.routesVersion}, match: { path: "${routePrefix(i)}/*" }, to: backend }
`,
  );
  const filters = setup.policy === null ? '' : cardeaPolicy(setup.policy);
  const any =
    barePort === null
      ? '  - { name: any, match: { path: /* }, to: backend }\n'
      : `  - { name: bare, match: { path: /*, listener: bare }, to: backend }
  - name: any
    match: { path: /*, listener: guarded }
    to: backend
${filters.replace(/^/gm, '    ').trimEnd()}
`;
  return `listeners:
${barePort === null ? '' : `  - { name: bare, address: "127.0.0.1:${barePort}" }\n`}  - address: 127.0.0.1:${port}
${barePort === null ? '' : '    name: guarded\n'}${setup.tls ? tlsSettings : ''}${setup.http2 && !setup.tls ? '    protocols: [h2c, http/1.1]\n' : ''}admin: { address: "127.0.0.1:${adminPort}" }
accessLog: { path: "${accessLog}" }
limits: { body: 1GiB }
${setup.policy?.kind === 'apiKey' ? cardeaConsumers : ''}upstreams:
  backend:
    endpoints: ["http://127.0.0.1:${setup.backendPort}"]
    pool: { maxConnections: 256, idleTimeout: 1h }
${setup.resilience ? allGuards : ''}  sink:
    endpoints: ["http://127.0.0.1:${setup.uploadPort}"]
    pool: { maxConnections: 256, idleTimeout: 1h }
${setup.grpcPort === null ? '' : `  echo: { endpoints: ["http://127.0.0.1:${setup.grpcPort}"], protocol: h2c }\n`}${setup.filters ? allFilters : ''}${barePort === null ? filters : ''}routes:
${any}  - { name: upload, match: { path: /upload, methods: [POST] }, to: sink }
  - { name: version, match: { path: /version }, to: { reply: { status: 200, body: "${setup.version}" } } }
${setup.grpcPort === null ? '' : '  - { name: echo, match: { path: /bench.Echo/* }, to: echo }\n'}${routes.join('')}`;
}

const tlsSettings = `    tls: { minVersion: TLSv1.3, certificates: [{ cert: bench.pem, key: bench.key }] }
`;

/** All settings that guard an upstream. */
const allGuards = `    healthCheck: { type: tcp, interval: 1s }
    outlier: { successRateDeviations: 2, latencyFactor: 5 }
    breaker: { failures: 50, failureRate: 50% }
    retry: { attempts: 2, perTryTimeout: 5s }
    slowStart: 10s
    concurrency: { limit: 1000, queue: 100, queueTimeout: 1s }
`;

/** Every filter of the first release. The peers do the same as far as they can. */
const allFilters = `filters:
  - requestId: {}
  - ipAccess: { deny: [10.66.0.0/16, 192.0.2.0/24] }
  - bodyLimit: { max: 1MiB }
  - cors: { origins: ["https://app.example.com"] }
  - headers:
      request: { set: { x-client: "\${client.ip}", x-original-path: "\${path}" } }
      response:
        remove: [x-powered-by]
        set: { x-frame-options: DENY, x-content-type-options: nosniff }
  - compress: {}
`;
