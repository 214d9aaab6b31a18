// Results as text: a table for the terminal, bench/results.md for people, bench/results.json for further calculations.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Options, Result, Scenario, Table } from './scenario.ts';

export interface Report {
  readonly date: Date;
  readonly machine: readonly string[];
  /** Name, version and note of every selected peer; the note of one that did not run is the reason. */
  readonly peers: readonly { readonly name: string; readonly version: string; readonly note: string }[];
  readonly options: Options;
  readonly command: string;
  readonly results: readonly { readonly scenario: Scenario; readonly result: Result }[];
}

/** The table aligned for a terminal: the first column to the left, the others to the right. */
export function terminalTable({ columns, rows, notes }: Table): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map(row => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [line(columns), ...rows.map(line), ...notes.map(note => `  ${note}`)].join('\n');
}

/** Writes results.md and results.json beside this file. */
export function writeReport(report: Report): void {
  writeFileSync(path.join(import.meta.dirname, 'results.md'), markdown(report));
  const raw = {
    ...report,
    results: report.results.map(({ scenario, result }) => ({ scenario: scenario.name, rows: result.rows })),
  };
  writeFileSync(path.join(import.meta.dirname, 'results.json'), `${JSON.stringify(raw, null, 1)}\n`);
}

/** The scenario whose table is also used in README.md. */
const summaryScenario = 'small-get';

function markdown({ date, machine, peers, options, command, results }: Report): string {
  const parts = [
    '# What a request costs',
    '',
    `Made by \`${command}\` on ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC. Do not edit; the raw rows are in [results.json](results.json).`,
    '',
    ...machine.map(line => `- ${line}`),
    `- ${options.rounds} rounds of ${options.seconds} s each, in turn; ${options.connections} connections; medians ± median absolute deviation`,
    '',
    markdownTable({
      columns: ['proxy', 'version', 'configured as'],
      rows: peers.map(({ name, version, note }) => [name, version, note]),
      notes: [],
    }),
    '',
    'CPU time is user + system of all threads of the proxy and its children, from /proc, divided by the requests that succeeded. The ratio is of',
    'medians, with a 95 % bootstrap interval over rounds. Requests per second and latencies in the load tables are of a closed loop at saturation:',
    'for orientation only. Configurations are in bench/peers/, the method in bench/README.md.',
    '',
  ];
  for (const { scenario, result } of results) {
    const table = markdownTable(result.table);
    parts.push(
      `## ${scenario.title}`,
      '',
      scenario.name === summaryScenario ? `<!-- summary -->\n${table}\n<!-- /summary -->` : table,
      '',
    );
    for (const note of [...result.table.notes, ...result.failures.map(failure => `Failed: ${failure}`)])
      parts.push(note, '');
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
