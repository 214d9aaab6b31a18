// cardea drill: tests how failures and overload would affect callers, with the user's own settings and with stand-ins for the endpoints.

import type { UpstreamConfig } from '../config/config.ts';
import { type Command, type CommandArguments, configOption, DEFAULT_FILE, ExitCode, jsonOption } from './command.ts';
import { withEndpointsInUse } from './drill/drill-config.ts';
import { failoverAdvice } from './drill/failover-advice.ts';
import { type FailoverResult, runFailover } from './drill/failover-drill.ts';
import { limitsDrill, limitsOptions } from './drill/limits-drill.ts';
import { holdOverload } from './drill/overload-report.ts';
import { holdRollback } from './drill/rollback-report.ts';
import { loadOrTell } from './load-or-tell.ts';
import { messageOf } from './message-of.ts';
import { UsageError } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

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
    'was reached and the 99th percentile stayed under three times the usual one (overload), or when every bad version was rolled back (rollback); otherwise 1.',
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
    if (name !== 'failover' && name !== 'overload' && name !== 'rollback' && name !== 'limits') {
      throw new UsageError(`"${name}" is not a drill; expected failover, overload, rollback or limits`);
    }
    const file = args.text('config') ?? DEFAULT_FILE;
    const holdMs = secondsOf(args) * 1_000;
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    if (name === 'limits') return await limitsDrill(config, args, holdMs / 1_000, terminal);
    const upstreams = chosen(config.upstreams, args.texts('upstream')).map(withEndpointsInUse);
    const names = args.texts('upstream');
    const results: FailoverResult[] = [];
    if (!args.flag('json') && name === 'failover')
      terminal.err(`about ${Math.ceil((upstreams.length * 5 * (holdMs + 3_000)) / 1_000)} s`);
    try {
      if (name === 'rollback') {
        const well = await holdRollback(file, config, names, holdMs, args.flag('json'), terminal);
        return well ? ExitCode.ok : ExitCode.failed;
      }
      if (name === 'overload') {
        const json = args.flag('json');
        const order = { file, upstreams, seconds: holdMs / 1_000, serviceMs: serviceOf(args), json };
        return (await holdOverload(order, terminal)) ? ExitCode.ok : ExitCode.failed;
      }
      await runFailover(file, upstreams, holdMs, result => results.push(result));
    } catch (error) {
      terminal.err(`cardea: the drill could not be run: ${messageOf(error)}`);
      return ExitCode.failed;
    }
    const report = upstreams.map(upstream => {
      const own = results.filter(result => result.upstream === upstream.name);
      return { upstream: upstream.name, results: own, advice: failoverAdvice(upstream, own) };
    });
    if (args.flag('json')) terminal.json({ drill: 'failover', report });
    else for (const each of report) show(each.upstream, each.results, each.advice, terminal);
    return results.some(({ failed }) => failed > 0) ? ExitCode.failed : ExitCode.ok;
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

function show(
  upstream: string,
  results: readonly FailoverResult[],
  advice: readonly string[],
  terminal: Terminal,
): void {
  const { paint } = terminal;
  const rows = results.map(each => [
    each.failure,
    String(each.requests),
    String(each.failed),
    `${each.p99BeforeMs} ms`,
    `${each.p99Ms} ms`,
    `${each.longestMs} ms`,
    each.ejectedAfterMs === null ? 'never' : `${each.ejectedAfterMs} ms`,
    each.backAfterMs === null ? '-' : `${each.backAfterMs} ms`,
  ]);
  terminal.out(paint('bold', `${upstream} (${results[0]?.endpoints ?? 0} endpoints, one of them fails)`));
  terminal.out(
    textTable(
      ['FAILURE', 'REQUESTS', 'FAILED', 'P99 BEFORE', 'P99', 'LONGEST', 'OUT OF USE AFTER', 'BACK AFTER'],
      rows,
    ),
  );
  for (const sentence of advice) terminal.out(`${paint('yellow', '!')} ${sentence}`);
  if (advice.length === 0) terminal.out(paint('green', 'no request failed, and none took long'));
  terminal.out('');
}
