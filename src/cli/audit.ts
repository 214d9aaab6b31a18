// cardea audit: lists every route with its guards, and every way around a guard; with --probe, tests both on a running gateway.

import { writeFileSync } from 'node:fs';
import type { Config, ListenerConfig } from '../config/config.ts';
import { listenerNamed } from '../runtime/asked-arrival.ts';
import { auditFile } from '../runtime/audit/audit-file.ts';
import type { AuditReport } from '../runtime/audit/audit-report.ts';
import type { ProbeResult } from '../runtime/audit/probe.ts';
import { NO_CERTIFICATE } from '../runtime/audit/probe-sender.ts';
import { type Command, configOption, ExitCode, jsonOption } from './command.ts';
import { type JunitCase, junitText } from './junit.ts';
import { loadOrTell } from './load-or-tell.ts';
import { UsageError } from './parse-arguments.ts';
import { counted } from './problem-text.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'Checks that every route that is not public refuses a caller without credentials.',
  details:
    'Lists every route with its guards. Exits 1 when a route has no guard and does not set `public: true`, when another route to the same upstream can be ' +
    'taken instead through a broader path, another host, method, listener, client or condition, a trailing slash, letters in another case, an encoding or a rewrite, ' +
    'or when a filter depends on the caller before any filter has identified it. A way around a guard that is intended can be accepted on its route, with `audit`. ' +
    'With --probe it tests this on a running gateway: no credential, bad credentials of every kind, and other ways to write the path must all be refused; on a public route, bad credentials where a filter takes an optional one.',
  options: {
    config: configOption,
    probe: { type: 'string', value: 'URL', help: 'a running gateway with this configuration: http://127.0.0.1:8080' },
    listener: {
      type: 'string',
      value: 'NAME',
      help: 'with --probe: the listener to which the URL leads (default: the one with its port)',
    },
    insecure: { type: 'boolean', help: 'with --probe: accept any certificate' },
    junit: { type: 'string', value: 'FILE', help: 'also write a JUnit report' },
    json: jsonOption,
  },
  positionals: [],
  async run(args, terminal) {
    const url = urlOf(args.text('probe'));
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    const listener = listenerOf(args.text('listener'), config);
    const gateway = url === null ? null : { url, insecure: args.flag('insecure'), listener };
    const { report, probes, leftOut } = await auditFile(config, gateway);
    const ok = report.ok && probes.every(probe => probe.ok);
    if (args.flag('json')) terminal.json({ ...report, ok, probes, leftOut });
    else {
      show(report, probes, terminal);
      if (url !== null) showProbed(report, probes, config, terminal);
      for (const { route, reason } of leftOut) terminal.out(`not probed  ${route}: ${reason}`);
      showVerdict(report, probes, terminal);
    }
    const junit = args.text('junit');
    if (junit !== undefined) writeFileSync(junit, `${junitText('cardea audit', cases(report, probes))}\n`);
    return ok ? ExitCode.ok : ExitCode.failed;
  },
};

/** Throws a UsageError when the text is not an http or https URL; null when it is left out. */
function urlOf(text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`"${text}" is not a URL such as http://127.0.0.1:8080`);
  return url;
}

/** Throws a UsageError when there is no such listener; null when none was named. */
function listenerOf(written: string | undefined, { listeners }: Config): ListenerConfig | null {
  if (written === undefined) return null;
  const listener = listenerNamed(written, listeners);
  if (typeof listener === 'string') throw new UsageError(listener);
  return listener;
}

/** One JUnit case for the guards of each route, and one for each probe. */
function cases(report: AuditReport, probes: readonly ProbeResult[]): JunitCase[] {
  return [
    ...report.routes.map(({ name, findings }) => ({
      group: name,
      name: 'guards',
      failure: findings.map(({ message }) => message).join('; '),
      skipped: '',
    })),
    ...probes.map(({ route, probe, request, protocol, message, unseen, code }) => ({
      group: route,
      name: `${probe}: ${request}, ${protocol}`,
      failure: message,
      skipped: unseen ? `refused unseen: ${code}` : '',
    })),
  ];
}

function show({ routes }: AuditReport, probes: readonly ProbeResult[], terminal: Terminal): void {
  const { paint } = terminal;
  const rows = routes.map(({ name, public: open, listeners, guards, findings, accepted }) => [
    name,
    guards.join(', ') || '-',
    open ? `public${listeners.length === 0 ? '' : ` at ${listeners.join(', ')}`}` : '',
    findings.length > 0
      ? paint('red', findings.map(({ code }) => code).join(', '))
      : paint('green', accepted.length === 0 ? 'ok' : `ok, ${accepted.length} accepted`),
  ]);
  terminal.out(textTable(['ROUTE', 'GUARDS', '', 'VERDICT'], rows));
  for (const { name, findings, accepted } of routes) {
    for (const { message } of findings) terminal.out(`${paint('red', 'finding')}  ${name}: ${message}`);
    for (const { message, because } of accepted) terminal.out(`accepted  ${name}: ${message}: ${because}`);
  }
  const unsampled = routes.filter(route => !route.public && route.samples.length === 0).map(({ name }) => name);
  if (unsampled.length > 0) {
    terminal.out(`no request could be made up for ${unsampled.join(', ')} (regexes): only their guards were checked`);
  }
  for (const { route, probe, request, protocol, message } of probes.filter(each => !each.ok)) {
    terminal.out(`${paint('red', 'probe')}  ${route}: ${probe} (${request}, ${protocol}): ${message}`);
  }
}

/** Shows how many probes were refused as required, and states plainly what could not be tested. */
function showProbed({ routes }: AuditReport, probes: readonly ProbeResult[], config: Config, terminal: Terminal): void {
  const shut = probes.filter(({ code }) => code === NO_CERTIFICATE).length;
  const throttled = probes.filter(({ unseen, code }) => unseen && code !== NO_CERTIFICATE);
  const held =
    (throttled.length === 0 ? '' : `, ${throttled.length} of them unseen, after too many failed logins`) +
    (shut === 0 ? '' : `, ${shut} of them by the listener, which accepts no client without a certificate`);
  const protocols = [...new Set(probes.map(({ protocol }) => protocol))];
  const over = protocols.length === 0 ? '' : ` over ${protocols.join(' and ')}`;
  terminal.out(
    `${probes.filter(each => each.ok).length} of ${probes.length} probes${over} were refused as required${held}`,
  );
  if (throttled.length > 0) {
    const counts = routes
      .map(({ name }) => [name, throttled.filter(({ route }) => route === name).length] as const)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} (${count})`);
    terminal.out(`unseen at ${counts.join(', ')}: raise failedLogins to test these as well`);
  }
  const speaksHttp2 = config.listeners.some(each => each.protocols.some(protocol => protocol !== 'http/1.1'));
  if (speaksHttp2 && probes.length > shut && !protocols.includes('HTTP/2'))
    terminal.out('HTTP/2 was not probed: the listener of this port does not offer it, or no listener has this port');
}

function showVerdict({ routes, ok }: AuditReport, probes: readonly ProbeResult[], terminal: Terminal): void {
  const { paint } = terminal;
  const findings = routes.reduce((sum, route) => sum + route.findings.length, 0);
  const passed = probes.filter(each => !each.ok).length;
  const verdict = `${counted(routes.length, 'route')}, ${findings === 0 ? 'no finding' : counted(findings, 'finding')}`;
  terminal.out(
    ok && passed === 0
      ? paint('green', verdict)
      : paint('red', `${verdict}${passed > 0 ? `, ${counted(passed, 'probe')} failed` : ''}`),
  );
}
