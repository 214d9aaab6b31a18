// cardea explain: shows which route a request would take and how it would be processed, without sending it.

import { destinationUpstreams } from '../config/checks/destination-upstreams.ts';
import type { Config } from '../config/config.ts';
import { asWritten } from '../config/output/as-written.ts';
import { isMethod } from '../config/schemas/match-schema.ts';
import { redact } from '../control/redact.ts';
import { destinationText } from '../control/route-list.ts';
import { askedArrival } from '../runtime/asked-arrival.ts';
import {
  type ExplainedFilter,
  type Explanation,
  explainRequest,
  type RequestToExplain,
} from '../runtime/explain-request.ts';
import { type Command, type CommandArguments, configOption, ExitCode, jsonOption } from './command.ts';
import { loadOrTell } from './load-or-tell.ts';
import { UsageError } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

export const explain: Command = {
  name: 'explain',
  summary:
    'Shows which route a request would take and why, which filters would run in which order, and which upstream would get it.',
  details:
    'Nothing is sent. Exits 0 if a route matches, or if the gateway itself responds to OPTIONS, and 1 if the request would be refused.',
  options: {
    config: configOption,
    header: {
      type: 'string',
      short: 'H',
      multiple: true,
      value: "'NAME: VALUE'",
      help: 'a header field of the request',
    },
    body: { type: 'string', value: 'JSON', help: 'the body of the request, for routes that match on it' },
    listener: {
      type: 'string',
      value: 'NAME',
      help: 'the listener at which the request comes in (default: by the port of the URL)',
    },
    client: { type: 'string', value: 'ADDRESS', help: 'the address of the client, as trustedProxies tell it' },
    json: jsonOption,
  },
  positionals: [
    { name: 'METHOD', help: 'GET, POST, ...' },
    { name: 'URL', help: 'http://api.example.com/users/7?beta=1, or only a path' },
  ],
  async run(args, terminal) {
    const asked = requestOf(args);
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    const [, url = ''] = args.positionals;
    const written = { listener: args.text('listener'), client: args.text('client') };
    const arrival = askedArrival(written, url, config.listeners);
    if (typeof arrival === 'string') throw new UsageError(arrival);
    const request = { ...asked, arrival };
    const explanation = withoutSecrets(await explainRequest(config, asReceived(request)), config);
    if (args.flag('json')) terminal.json({ request, ...explanation });
    else show(request, explanation, arrivalLines(args, arrival, config), config, terminal);
    return explanation.outcome === 'routed' || explanation.outcome === 'options' ? ExitCode.ok : ExitCode.failed;
  },
};

/**
 * Replaces values that came from environment variables or files by the expression in the configuration, such as `${env:NAME}`. The
 * request's own values stay.
 */
function withoutSecrets(explanation: Explanation, config: Config): Explanation {
  const { candidates, destination, detail, upstreamHost } = explanation;
  const told = asWritten(config, { candidates, destination, detail, upstreamHost });
  // Because: asWritten keeps the shape and only replaces strings.
  return { ...explanation, ...(told as Partial<Explanation>) };
}

/** Parses the URL by hand: a URL object would resolve dot segments before the gateway can refuse them. Throws a UsageError. */
function requestOf(args: CommandArguments): Omit<RequestToExplain, 'arrival'> {
  const [method = '', url = ''] = args.positionals;
  if (/[:/]/.test(method)) {
    const target = String(redact(method));
    throw new UsageError(`"${target}" is not a method; write the method first: cardea explain GET ${target}`);
  }
  if (!isMethod(method.toUpperCase())) throw new UsageError(`"${method}" is not a method such as GET or POST`);
  const parts = /^(?:https?:\/\/(?<authority>[^/?#]*))?(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/i.exec(url)?.groups;
  if (parts === undefined) {
    throw new UsageError(
      `"${String(redact(url))}" is not a URL such as http://api.example.com/users/7, nor a path such as /users/7`,
    );
  }
  if (parts['authority']?.includes('@')) {
    // Because: clients send credentials as a header field, and the URL shown here may end up in logs.
    throw new UsageError(`a URL takes no user and password here; write -H 'authorization: Basic ...'`);
  }
  const headers = args.texts('header').map(headerOf);
  const hosts = headers.filter(([name]) => name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new UsageError('a request has one Host: the gateway refuses others with 400');
  // As with curl: the URL says where to connect, a Host header names the requested host.
  const authority = hosts[0]?.[1] ?? parts['authority'] ?? 'localhost';
  const host = authority.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  return {
    method: method.toUpperCase(),
    host,
    rawPath: asSent(parts['path'] ?? '/'),
    query: asSent(parts['query'] ?? ''),
    headers: hosts.length === 1 ? headers : [['host', authority], ...headers],
    body: bodyOf(args.text('body')),
  };
}

function headerOf(text: string): [string, string] {
  const match = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" is not a header; write -H 'name: value'`);
  return [match[1]!, match[2]!];
}

function bodyOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('--body is not a JSON document');
  }
}

/** Header fields as the gateway reads them, one character per byte (latin1); terminals write UTF-8. */
function asReceived(request: RequestToExplain): RequestToExplain {
  const headers = request.headers.map(([name, value]): [string, string] => [
    name,
    Buffer.from(value).toString('latin1'),
  ]);
  return { ...request, headers };
}

/** Percent-encodes spaces and characters outside ASCII, as every client does; what is encoded already stays. */
function asSent(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

function show(
  request: RequestToExplain,
  explanation: Explanation,
  cameIn: readonly [string, string][],
  config: Config,
  terminal: Terminal,
): void {
  const { paint } = terminal;
  const { outcome, path, detail, candidates, route, params, filters, destination, canary, upstreamPath, upstreamHost } =
    explanation;
  const query = request.query === '' ? '' : `?${request.query}`;
  const lines: [string, string][] = [['request', `${request.method} ${request.host} ${request.rawPath}${query}`]];
  lines.push(...cameIn);
  if (path !== request.rawPath) lines.push(['path', `${path} (normalised)`]);
  lines.push(['route', route === null ? paint('yellow', outcome) : paint('green', route)], ['why', detail]);
  for (const [name, value] of Object.entries(params)) lines.push(['parameter', `${name} = ${value}`]);
  for (const [index, filter] of filters.entries()) {
    lines.push([index === 0 ? 'filters' : '', `${index + 1}. ${filterText(filter)}`]);
  }
  if (destination !== null) lines.push(['to', destinationText(destination)]);
  if (canary !== null)
    lines.push(['canary', `${canary.upstream} (${canary.always ? 'this request always' : 'its share'})`]);
  if (upstreamPath !== null) lines.push(['sent as', upstreamPath + query]);
  if (upstreamHost !== null)
    lines.push(['host sent', upstreamHost === 'endpoint' ? 'that of the endpoint' : upstreamHost]);
  for (const endpoint of endpointsOf(explanation, config)) lines.push(['endpoint', endpoint]);
  const width = Math.max(...lines.map(([label]) => label.length));
  terminal.out(lines.map(([label, text]) => `${paint('dim', label.padEnd(width))}  ${text}`).join('\n'));
  if (candidates.length < 2 && outcome === 'routed') return;
  if (candidates.length === 0) return;
  const rows = candidates.map(each => [each.name, each.host, each.path, each.outcome, each.reason]);
  terminal.out(`\n${textTable(['ROUTE', 'HOST', 'PATH', 'OUTCOME', 'REASON'], rows)}`);
}

function filterText({ name, from, chain, optional }: ExplainedFilter): string {
  const stranger = optional === undefined || optional.consumer === null ? '' : `: otherwise ${optional.consumer}`;
  const notes = [
    ...(from === 'global' ? ['global'] : []),
    ...(chain === undefined ? [] : [`chain ${chain}`]),
    ...(optional === undefined ? [] : [`optional${stranger}`]),
  ];
  return notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
}

/** Where the request comes in, as far as somebody asks: the command line, or a route. What was assumed is marked. */
function arrivalLines(
  args: CommandArguments,
  arrival: RequestToExplain['arrival'],
  config: Config,
): [string, string][] {
  const lines: [string, string][] = [];
  for (const [option, key] of [
    ['listener', 'listeners'],
    ['client', 'clients'],
  ] as const) {
    const isGiven = args.text(option) !== undefined;
    if (!isGiven && !config.routes.some(({ match }) => match[key] !== undefined)) continue;
    const text = arrival[option] === '' ? 'one without a name' : arrival[option];
    lines.push([option, isGiven ? text : `${text} (assumed; another one with --${option})`]);
  }
  return lines;
}

function endpointsOf({ destination, canary, upstreamHost }: Explanation, config: Config): string[] {
  const names = destination === null ? [] : destinationUpstreams(destination);
  if (canary !== null) names.push(canary.upstream);
  return config.upstreams
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, endpoints, balance, host }) => {
      // Where the upstreams of a split differ, each says its own.
      const sent = host === undefined || upstreamHost !== null ? '' : `, host: ${String(asWritten(config, host))}`;
      return endpoints.map(({ url, backup }) => `${url} (${name}, ${balance}${backup ? ', backup' : ''}${sent})`);
    });
}
