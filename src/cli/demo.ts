// cardea demo: the gateway with examples/quickstart.yaml and its own services behind it.

import { fileURLToPath } from 'node:url';
import { type Command, ExitCode } from './command.ts';
import { startDemoServices } from './demo-services.ts';
import { messageOf } from './message-of.ts';
import { UsageError } from './parse-arguments.ts';
import { workersOf, workersOption } from './run.ts';
import { serve } from './serve.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'Runs the gateway with small services behind it, and prints requests to try.',
  details: 'The configuration is examples/quickstart.yaml of this package. Everything listens on 127.0.0.1 only.',
  options: {
    workers: workersOption,
    port: { type: 'string', value: 'PORT', help: 'port of the gateway (default: 8080; 0 takes a free one)' },
    'admin-port': {
      type: 'string',
      value: 'PORT',
      help: 'port of the admin endpoint (default: 9901; 0 takes a free one)',
    },
  },
  positionals: [],
  async run(args, terminal) {
    const workers = workersOf(args.text('workers'));
    const ports = { PORT: args.text('port'), ADMIN_PORT: args.text('admin-port') };
    for (const [variable, port] of Object.entries(ports)) {
      if (port === undefined) continue;
      if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new UsageError(`"${port}" is not a port`);
      process.env[variable] = port;
    }
    const services = await startDemoServices();
    Object.assign(process.env, services.environment);
    const file = fileURLToPath(new URL('../../examples/quickstart.yaml', import.meta.url));
    try {
      const onReady = (listeners: readonly string[], admin: string) => {
        terminal.err(invitation(listeners[0]!, admin));
      };
      return await serve({ file, workers, onReady }, terminal);
    } catch (error) {
      terminal.err(`cardea: ${messageOf(error)}`);
      return ExitCode.failed;
    } finally {
      services.close();
    }
  },
};

function invitation(gateway: string, admin: string): string {
  return [
    '',
    'Try, from another terminal:',
    '',
    `  curl -i ${gateway}/api/users/7`,
    `  curl -i -H 'content-type: application/json' -d '{"sku":"item-1"}' ${gateway}/api/orders`,
    `  curl -s --compressed -o /dev/null -w '%{size_download} bytes over the wire\\n' ${gateway}/catalogue`,
    '',
    `Metrics, routes and health: ${admin}/metrics ${admin}/routes ${admin}/health/ready`,
    'Ctrl-C drains and stops. Access log lines follow.',
    '',
  ].join('\n');
}
