// cardea keys: adds, lists and revokes API keys in a store that a running gateway reads.

import type { Config } from '../config/config.ts';
import { isCalendarDay } from '../config/schemas/calendar-day.ts';
import { consumerLetters, consumerNamePattern } from '../config/schemas/resource-name.ts';
import { type KeyRecord, makeKey, withKeyStore } from '../runtime/key-store.ts';
import { type Command, type CommandArguments, configOption, ExitCode, jsonOption } from './command.ts';
import { loadOrTell } from './load-or-tell.ts';
import { UsageError } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

const days = /^([1-9][0-9]{0,4})d$/;

/** The expiry in milliseconds since 1970; null for never. A date expires at the end of that day in UTC. Throws a UsageError. */
function expiryOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const count = days.exec(text)?.[1];
  if (count !== undefined) return Date.now() + Number(count) * 86_400_000;
  if (!isCalendarDay(text))
    throw new UsageError(`--expires takes a number of days such as 90d, or a day such as 2027-01-31`);
  const ms = Date.parse(`${text}T23:59:59.999Z`);
  if (ms < Date.now()) throw new UsageError(`--expires ${text}: that day is over, so the key would never be valid`);
  return ms;
}

function listOf(args: CommandArguments, option: string): readonly string[] {
  return args.texts(option).flatMap(text => text.split(',').filter(part => part !== ''));
}

/** The name given by `--store`, or the only store of the configuration. Throws a UsageError. */
function storeName(args: CommandArguments, { stores }: Config): string {
  const written = args.text('store');
  if (written !== undefined) return written;
  const [only, ...others] = stores;
  if (only === undefined) throw new UsageError('the configuration has no `stores`, so there is nowhere to keep keys');
  if (others.length > 0)
    throw new UsageError(`name one of the stores with --store: ${stores.map(({ name }) => name).join(', ')}`);
  return only.name;
}

function needed(args: CommandArguments, option: string, action: string): string {
  const text = args.text(option);
  if (text === undefined) throw new UsageError(`cardea keys ${action} needs --${option}`);
  return text;
}

function checkName(text: string, option: string): string {
  if (!consumerNamePattern.test(text))
    throw new UsageError(`--${option} takes ${consumerLetters}, at most 128 characters`);
  return text;
}

async function add(config: Config, args: CommandArguments, terminal: Terminal): Promise<void> {
  const { key, hash } = makeKey();
  const consumer = checkName(needed(args, 'consumer', 'add'), 'consumer');
  const id = checkName(args.text('id') ?? `${consumer}-${hash.slice(0, 8)}`, 'id');
  const plan = args.text('plan') ?? null;
  const routes = listOf(args, 'route');
  warnUnknown(config, { plan, routes }, terminal);
  const record: KeyRecord = {
    id,
    hash,
    consumer,
    tenant: args.text('tenant') ?? null,
    plan,
    groups: listOf(args, 'group'),
    scopes: listOf(args, 'scope'),
    routes: routes.length === 0 ? null : routes,
    expiresAtMs: expiryOf(args.text('expires')),
    disabled: false,
  };
  await withKeyStore(config, storeName(args, config), keys => keys.add(record));
  if (args.flag('json')) terminal.json({ id, consumer, key });
  else {
    terminal.err(`key ${id} of ${consumer}: it is shown only this once`);
    terminal.out(key);
  }
}

/** Only warns: a plan or route that does not exist yet may come with the next configuration. */
function warnUnknown(config: Config, { plan, routes }: Pick<KeyRecord, 'plan' | 'routes'>, terminal: Terminal): void {
  if (plan !== null && !config.plans.some(({ name }) => name === plan))
    terminal.err(`warning: the configuration has no plan "${plan}"`);
  for (const route of routes ?? []) {
    if (!config.routes.some(({ name }) => name === route))
      terminal.err(`warning: the configuration has no route "${route}"`);
  }
}

async function list(config: Config, args: CommandArguments, terminal: Terminal): Promise<void> {
  const records = await withKeyStore(config, storeName(args, config), keys => keys.list());
  if (args.flag('json')) {
    terminal.json(records);
    return;
  }
  const rows = records.map(({ id, consumer, plan, scopes, routes, expiresAtMs, disabled }) => [
    id,
    consumer,
    plan ?? '-',
    scopes.join(',') || '-',
    routes?.join(',') ?? '*',
    expiresAtMs === null ? 'never' : new Date(expiresAtMs).toISOString().slice(0, 16),
    disabled ? 'disabled' : '',
  ]);
  terminal.out(textTable(['ID', 'CONSUMER', 'PLAN', 'SCOPES', 'ROUTES', 'EXPIRES', ''], rows));
}

async function revoke(config: Config, args: CommandArguments, terminal: Terminal): Promise<number> {
  const id = needed(args, 'id', 'revoke');
  const was = await withKeyStore(config, storeName(args, config), keys => keys.revoke(id));
  if (args.flag('json')) terminal.json({ id, revoked: was });
  else terminal.err(was ? `key ${id} is revoked` : `there is no key ${id}`);
  return was ? ExitCode.ok : ExitCode.failed;
}

export const keys: Command = {
  name: 'keys',
  summary: 'Adds, lists and revokes API keys in a store of the configuration.',
  details:
    'ACTION is add, list or revoke. `add` prints the key once; the store contains only its hash. Running gateways that read the store use a change within a second.',
  options: {
    config: configOption,
    store: { type: 'string', value: 'NAME', help: 'the store (default: the only one of the configuration)' },
    consumer: { type: 'string', value: 'NAME', help: 'add: the consumer that holds the key' },
    id: { type: 'string', value: 'ID', help: 'add: name of the key (default: generated); revoke: the key to revoke' },
    plan: { type: 'string', value: 'NAME', help: 'add: plan of the key' },
    tenant: { type: 'string', value: 'NAME', help: 'add: tenant of a consumer that is not in the configuration' },
    group: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'add: groups of such a consumer, separated by commas or repeated',
    },
    scope: { type: 'string', value: 'NAME', multiple: true, help: 'add: scopes, separated by commas or repeated' },
    route: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'add: the routes that the key is for (default: all)',
    },
    expires: { type: 'string', value: 'WHEN', help: 'add: when the key expires, 90d or 2027-01-31 (default: never)' },
    json: jsonOption,
  },
  positionals: [{ name: 'ACTION', help: 'add, list or revoke' }],
  async run(args, terminal) {
    const [action] = args.positionals;
    if (action !== 'add' && action !== 'list' && action !== 'revoke')
      throw new UsageError(`cardea keys has no action ${action}; expected add, list or revoke`);
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    if (action === 'revoke') return await revoke(config, args, terminal);
    await (action === 'add' ? add : list)(config, args, terminal);
    return ExitCode.ok;
  },
};
