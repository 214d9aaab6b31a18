// `npm run bench`: runs the selected scenarios one after the other, and reports. Needs Linux and the pinned Node.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNginxBackend } from './backend/nginx-backend.ts';
import { startUploadSink } from './backend/upload-sink.ts';
import { readCommandLine, usage, type Wanted } from './command-line.ts';
import { describeMachine } from './machine.ts';
import { pinThisProcess } from './measure/pinning.ts';
import { processTree } from './measure/process-tree.ts';
import { shortMessage } from './measure/short-message.ts';
import type { Peer } from './peer.ts';
import { peers as allPeers } from './peers/all.ts';
import { type Report, terminalTable, writePart, writeReport } from './report.ts';
import type { Context, Result, Scenario } from './scenario.ts';
import { scenarios as allScenarios } from './scenarios/all.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let wanted: Wanted | 'list' | 'help';
  try {
    wanted = readCommandLine(args);
    if (typeof wanted === 'object') {
      checkNames('scenario', wanted.scenarios, allScenarios);
      checkNames('peer', wanted.peers, allPeers);
    }
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (wanted === 'help') console.log(usage);
  else if (wanted === 'list') {
    console.log(`scenarios: ${allScenarios.map(({ name }) => name).join(' ')}`);
    console.log(`peers: ${allPeers.map(({ name }) => name).join(' ')}`);
  } else return run(wanted, args);
  return 0;
}

function checkNames(kind: string, given: readonly string[], known: readonly { name: string }[]): void {
  for (const name of given) {
    if (known.some(each => each.name === name)) continue;
    throw new Error(`there is no ${kind} ${name}; known are ${known.map(each => each.name).join(', ')}`);
  }
}

/** Returns the exit code: 0, or 1 when a scenario failed. After a failure the other scenarios still run. */
async function run(wanted: Wanted, args: readonly string[]): Promise<number> {
  pinThisProcess();
  const selected = await runnablePeers(wanted);
  const base = mkdtempSync(path.join(tmpdir(), 'cardea-bench-'));
  leaveNothingOnSignal(base);
  const backend = await startNginxBackend(base);
  const sink = await startUploadSink();
  const results: { scenario: Scenario; result: Result }[] = [];
  const machine = describeMachine();
  let failed = 0;
  try {
    for (const scenario of allScenarios) {
      if (wanted.scenarios.length > 0 && !wanted.scenarios.includes(scenario.name)) continue;
      const peers = selected.running.filter(
        ({ name, abilities, logVariant = false }) =>
          (scenario.needs === undefined || abilities.includes(scenario.needs)) &&
          (!logVariant || scenario.logVariants === true || wanted.peers.includes(name)),
      );
      const context: Context = {
        peers,
        options: wanted.options,
        backendPort: backend.port,
        uploadPort: sink.port,
        folder: () => mkdtempSync(path.join(base, 'peer-')),
        say: text => console.error(`  ${text}`),
      };
      console.error(`\n${scenario.title}`);
      try {
        const result = await scenario.run(context);
        results.push({ scenario, result });
        failed += result.failures.length;
        console.log(`\n${scenario.title}\n${terminalTable(result.table)}`);
      } catch (error) {
        failed++;
        console.error(`bench: ${scenario.name}: ${shortMessage(error)}`);
      }
    }
  } finally {
    await Promise.all([backend.stop(), sink.stop()]);
    rmSync(base, { recursive: true, force: true });
  }
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const report: Report = {
    date: new Date(),
    machine,
    peers: selected.described,
    options: wanted.options,
    command,
    results,
  };
  if (wanted.write && results.length > 0) {
    if (wanted.scenarios.length === 0) writeReport(report);
    else
      writePart(
        report,
        allScenarios.map(({ title }) => title),
      );
  }
  return failed > 0 ? 1 : 0;
}

/** The selected peers that can run here, and the description of all selected peers; one that cannot run is described by the reason. */
async function runnablePeers(wanted: Wanted): Promise<{ running: Peer[]; described: Report['peers'] }> {
  const running: Peer[] = [];
  const described: { name: string; version: string; note: string }[] = [];
  for (const peer of allPeers) {
    if (wanted.peers.length > 0 && !wanted.peers.includes(peer.name)) continue;
    try {
      described.push({ name: peer.name, version: peer.version(), note: peer.note });
      running.push(peer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`bench: ${peer.name} is left out: ${reason}`);
      described.push({ name: peer.name, version: 'left out', note: reason });
    }
  }
  return { running, described };
}

/** On a signal, ends all servers that the bench has started and removes its files. */
function leaveNothingOnSignal(folder: string): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      for (const pid of processTree(process.pid).slice(1)) stopProcess(pid);
      rmSync(folder, { recursive: true, force: true });
      process.exit(code);
    });
  }
}

function stopProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // The process has ended by itself.
  }
}
