// cardea drill: tests how failures and overload would affect callers, with the user's own settings and with stand-ins for the endpoints.

import type { UpstreamConfig } from '../config/config.ts';
import { type Command, type CommandArguments, configOption, DEFAULT_FILE, ExitCode, jsonOption } from './command.ts';
import { withEndpointsInUse } from './drill/drill-config.ts';
import type { DrillOrder } from './drill/drill-order.ts';
import { holdFailover } from './drill/failover-report.ts';
import { limitsDrill, limitsOptions } from './drill/limits-drill.ts';
import { holdOverload } from './drill/overload-report.ts';
import { holdRollback } from './drill/rollback-report.ts';
import { loadOrTell } from './load-or-tell.ts';
import { messageOf } from './message-of.ts';
import { UsageError } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';

/** Each returns whether all went well. `limits` is not among them: it runs several gateways and has options of its own. */
const drills: Readonly<Record<string, (order: DrillOrder, terminal: Terminal) => Promise<boolean>>> = {
  failover: holdFailover,
  overload: holdOverload,
  rollback: holdRollback,
};

export const drill: Command = {
  name: 'drill',
  summary: 'Tests how a failed endpoint, overload or a bad version would affect callers, and suggests what to change.',
  details: [
    'failover: one endpoint of each upstream is killed, frozen, made to fail, to reset connections and to be slow, one after the other, under load.',
    'overload: each upstream gets three times the requests that its endpoints can serve.',
    'rollback: each route with a canary gets a good new version and four bad ones, one after the other.',
    'limits: several gateways count in one of your Redis stores, under separate keys, while callers send more than their limit.',
    '',
    'Your services get no requests: the gateway runs on 127.0.0.1 with the settings of your upstreams and routes, stand-ins respond in',
    'place of your endpoints, and filters are left out. Exits 0 when no request failed (failover), when 90 % of the possible throughput',
    'was reached and the 99th percentile stayed under three times the usual one (overload), when every bad version was rolled back (rollback), or when no key got more',
    'than its limit by 2 % of a minute, 10 % below 100/s, and Redis was there to the end (limits); otherwise 1.',
  ].join('\n'),
  options: {
    config: configOption,
    upstream: { type: 'string', multiple: true, value: 'NAME', help: 'only this upstream; may be repeated' },
    seconds: {
      type: 'string',
      value: 'N',
      help: 'how long each failure, step or overload lasts (default: 3)',
    },
    service: {
      type: 'string',
      value: 'MS',
      help: 'overload: milliseconds that an endpoint takes per request (default: 100)',
    },
    ...limitsOptions,
    json: jsonOption,
  },
  positionals: [{ name: 'DRILL', help: 'failover, overload, rollback or limits' }],
  async run(args, terminal) {
    const [name = ''] = args.positionals;
    const hold = Object.hasOwn(drills, name) ? drills[name] : undefined;
    if (hold === undefined && name !== 'limits') {
      throw new UsageError(`"${name}" is not a drill; expected failover, overload, rollback or limits`);
    }
    const holdMs = secondsOf(args) * 1_000;
    const serviceMs = serviceOf(args);
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    if (hold === undefined) return await limitsDrill(config, args, holdMs / 1_000, terminal);
    const file = args.text('config') ?? DEFAULT_FILE;
    const upstreams = chosen(config.upstreams, args.texts('upstream')).map(withEndpointsInUse);
    try {
      const order = { file, config, upstreams, holdMs, serviceMs, json: args.flag('json') };
      return (await hold(order, terminal)) ? ExitCode.ok : ExitCode.failed;
    } catch (error) {
      terminal.err(`cardea: the drill could not be run: ${messageOf(error)}`);
      return ExitCode.failed;
    }
  },
};

function secondsOf(args: CommandArguments): number {
  const text = args.text('seconds') ?? '3';
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 600) throw new UsageError(`--seconds ${text}: expected a whole number from 1 to 600`);
  return seconds;
}

function serviceOf(args: CommandArguments): number {
  const text = args.text('service') ?? '100';
  const ms = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (ms < 1) throw new UsageError(`--service ${text}: expected milliseconds, from 1 to 99999`);
  return ms;
}

function chosen(upstreams: readonly UpstreamConfig[], names: readonly string[]): readonly UpstreamConfig[] {
  const known = upstreams.map(({ name }) => name);
  const unknown = names.find(name => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no upstream "${unknown}"; there are ${known.join(', ')}`);
  return names.length === 0 ? upstreams : upstreams.filter(({ name }) => names.includes(name));
}
