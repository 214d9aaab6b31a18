// cardea drill limits: runs several gateways on this machine with one Redis, and sends more requests than a limit admits. Prints how many
// were admitted and how many were allowed, for each key and window.

import type { Config } from '../../config/config.ts';
import type { StoreConfig } from '../../config/store-config.ts';
import { whyAway } from '../../runtime/why-away.ts';
import { type CommandArguments, ExitCode, type OptionSpec } from '../command.ts';
import { UsageError } from '../parse-arguments.ts';
import type { Terminal } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import { startDrillGateways } from './drill-gateways.ts';
import { type LimitsCounts, offerLoad } from './limits-load.ts';

export const limitsOptions: Readonly<Record<string, OptionSpec>> = {
  gateways: { type: 'string', value: 'N', help: 'limits: number of gateways (default: 3)' },
  store: { type: 'string', value: 'NAME', help: 'limits: which Redis of `stores` (default: the first)' },
  limit: { type: 'string', value: 'N', help: 'limits: requests per second that each key is allowed (default: 100)' },
  keys: { type: 'string', value: 'N', help: 'limits: number of callers (default: 3)' },
  factor: { type: 'string', value: 'X', help: 'limits: how many times the limit callers send (default: 2)' },
  spread: {
    type: 'string',
    value: 'A/B/..',
    help: 'limits: weights of the gateways (default: 90 for the first, the others share 10)',
  },
  mode: { type: 'string', value: 'MODE', help: 'limits: shared or exact (default: shared)' },
};

/**
 * Tolerated excess, as a share of a minute's limit; the second one is for limits below 100/s. It is compensated afterwards, so it does not
 * grow with time.
 */
const OVER_MAX = 0.02;
const SLOW_OVER_MAX = 0.1;
/** Time for the gateways to learn of each other. */
const SETTLE_MS = 1_500;
const WINDOW_MS = 1_000;

interface Plan {
  readonly gateways: number;
  readonly weights: readonly number[];
  readonly limit: number;
  readonly keys: number;
  readonly factor: number;
  readonly mode: string;
}

/** Resolves with the exit code: 0 when no key was admitted more than its bound, no request failed, and the store was reachable. */
export async function limitsDrill(
  config: Config,
  args: CommandArguments,
  seconds: number,
  terminal: Terminal,
): Promise<number> {
  const plan = planOf(args);
  const store = storeOf(config, args.text('store'));
  const before = await whyAway(store);
  if (before !== null) {
    terminal.err(`cardea: the store "${store.name}" is away: ${before}`);
    return ExitCode.failed;
  }
  const counts = await countsOf(store, plan, seconds);
  const report = reportOf(counts, plan, seconds);
  if (args.flag('json')) terminal.json({ drill: 'limits', ...plan, longestMs: round(counts.longestMs), report });
  else show(report, plan, counts, terminal);
  const behind = await whyAway(store);
  if (behind !== null) {
    terminal.err(
      `cardea: the store "${store.name}" is away by now (${behind}): each gateway admitted its share by itself`,
    );
    return ExitCode.failed;
  }
  const most = plan.limit >= 100 ? OVER_MAX : SLOW_OVER_MAX;
  const bound = most * plan.limit * Math.max(60, seconds);
  const isBroken = report.some(({ admitted, allowed, failed }) => admitted - allowed > bound || failed > 0);
  return isBroken ? ExitCode.failed : ExitCode.ok;
}

/** Runs the gateways under load. */
async function countsOf(store: StoreConfig, plan: Plan, seconds: number): Promise<LimitsCounts> {
  const gateways = await startDrillGateways(drillDocument(store, plan), plan.gateways);
  try {
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
    const { weights, keys, limit, factor } = plan;
    const { ports } = gateways;
    const forMs = seconds * 1_000;
    return await offerLoad({ ports, weights, keys, perSecond: limit * factor, forMs, windowMs: WINDOW_MS });
  } finally {
    await gateways.stop();
  }
}

type Report = readonly {
  readonly key: string;
  readonly windows: LimitsCounts['windows'][number];
  readonly offered: number;
  readonly admitted: number;
  readonly failed: number;
  readonly allowed: number;
  readonly over: number;
}[];

/** What was admitted of each key, beside what was allowed: the limit in each second, and the burst once. */
function reportOf({ windows: byKey }: LimitsCounts, { limit }: Plan, seconds: number): Report {
  return byKey.map((windows, key) => {
    const sum = (field: 'offered' | 'admitted' | 'failed') => windows.reduce((all, each) => all + each[field], 0);
    const [offered, admitted, failed] = [sum('offered'), sum('admitted'), sum('failed')];
    const allowed = Math.min(offered, limit * (seconds + 1));
    return { key: `key-${key}`, windows, offered, admitted, failed, allowed, over: admitted / allowed - 1 };
  });
}

function show(
  report: Report,
  { gateways, weights, limit, mode }: Plan,
  { longestMs }: LimitsCounts,
  terminal: Terminal,
): void {
  const { paint } = terminal;
  terminal.out(
    paint(
      'bold',
      `${gateways} gateways, ${weights.join('/')}, limit ${limit}/s per key with a burst of as many, ${mode}`,
    ),
  );
  const rows = report.flatMap(({ key, windows, offered, admitted, failed, allowed, over }) => [
    ...windows.map((each, at) => [
      key,
      `second ${at + 1}`,
      String(each.offered),
      String(each.admitted),
      // The burst can be used once, so it is added to the first window.
      String(Math.min(each.offered, at === 0 ? 2 * limit : limit)),
      each.failed === 0 ? '' : `${each.failed} failed`,
    ]),
    [
      key,
      'all',
      String(offered),
      String(admitted),
      String(allowed),
      `${overText(over)}${failed === 0 ? '' : `, ${failed} failed`}`,
    ],
  ]);
  terminal.out(textTable(['KEY', 'WINDOW', 'OFFERED', 'ADMITTED', 'ALLOWED', ''], rows));
  terminal.out(`slowest response ${round(longestMs)} ms`);
}

/** How far the admitted requests are from the allowed ones; `over` is the excess as a share, negative when fewer were admitted. */
export function overText(over: number): string {
  const percent = Math.abs(100 * over).toFixed(2);
  if (percent === '0.00') return 'at the limit';
  return `${percent} % ${over > 0 ? 'over' : 'below'} the limit`;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function planOf(args: CommandArguments): Plan {
  const gateways = numberOf(args, 'gateways', 3, 1, 16);
  const rest = 10 / Math.max(1, gateways - 1);
  const spread = args.text('spread');
  const weights =
    spread === undefined ? [90, ...new Array<number>(gateways - 1).fill(rest)] : spread.split('/').map(Number);
  if (weights.length !== gateways || weights.some(weight => !(weight >= 0)) || !weights.some(weight => weight > 0))
    throw new UsageError(
      `--spread ${spread}: expected ${gateways} numbers such as ${new Array(gateways).fill(1).join('/')}`,
    );
  const mode = args.text('mode') ?? 'shared';
  if (mode !== 'shared' && mode !== 'exact') throw new UsageError(`--mode ${mode}: expected shared or exact`);
  return {
    gateways,
    weights: weights.map(weight => Math.round(weight * 100) / 100),
    limit: numberOf(args, 'limit', 100, 1, 100_000),
    keys: numberOf(args, 'keys', 3, 1, 1_000),
    factor: numberOf(args, 'factor', 2, 0.01, 100),
    mode,
  };
}

function numberOf(args: CommandArguments, option: string, fallback: number, min: number, max: number): number {
  const text = args.text(option);
  if (text === undefined) return fallback;
  const number = /^\d{1,6}(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  const isWhole = min < 1 || Number.isInteger(number);
  if (!(number >= min && number <= max && isWhole))
    throw new UsageError(`--${option} ${text}: expected a number from ${min} to ${max}`);
  return number;
}

function storeOf({ stores }: Config, name: string | undefined): StoreConfig {
  const servers = stores.filter(({ kind }) => kind === 'redis' || kind === 'redisCluster');
  const names = servers.map(each => each.name).join(', ') || 'none';
  const store = name === undefined ? servers[0] : servers.find(each => each.name === name);
  if (store === undefined)
    throw new UsageError(
      name === undefined
        ? 'the configuration names no Redis among its `stores`'
        : `there is no Redis "${name}" among the \`stores\`; there are: ${names}`,
    );
  return store;
}

/** The configuration of the gateways. Its key prefix separates the drill's keys from those of real callers. */
function drillDocument(store: StoreConfig, { limit, mode }: Plan): object {
  return {
    listeners: [{ address: '127.0.0.1:0' }],
    admin: 'off',
    accessLog: 'off',
    stores: {
      main: {
        url: urlOf(store),
        ...(store.ca !== '' && { ca: store.ca }),
        ...sentinelLogin(store),
        keyPrefix: `${store.keyPrefix}drill-${process.pid}:`,
      },
    },
    routes: [
      {
        name: 'drill',
        match: { path: '/*' },
        public: true,
        filters: [{ rateLimit: { limit: `${limit}/s`, by: { header: 'x-drill-key' }, store: 'main', mode } }],
        to: { reply: { status: 200 } },
      },
    ],
  };
}

function sentinelLogin({ sentinel }: StoreConfig): object {
  if (sentinel === undefined || sentinel.password === '') return {};
  const { username, password } = sentinel;
  return { sentinel: { ...(username !== '' && { username }), password } };
}

function urlOf({ kind, sentinel, tls, username, password, nodes, database }: StoreConfig): string {
  const kindOfServer = kind === 'redisCluster' ? '+cluster' : sentinel === undefined ? '' : '+sentinel';
  const scheme = `${tls ? 'rediss' : 'redis'}${kindOfServer}`;
  const who =
    username === '' && password === '' ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  const master = sentinel === undefined ? '' : `/${sentinel.master}`;
  return `${scheme}://${who}${hosts}${master}${kind === 'redisCluster' ? '' : `/${database}`}`;
}
