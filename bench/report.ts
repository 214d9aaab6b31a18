// Results as text: a table for the terminal, bench/results.md for people, bench/results.json for further calculations.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withSections } from './report-parts.ts';
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

const markdownFile = path.join(import.meta.dirname, 'results.md');
const rawFile = path.join(import.meta.dirname, 'results.json');

/** Writes results.md and results.json beside this file. */
export function writeReport(report: Report): void {
  writeFileSync(markdownFile, markdown(report));
  writeFileSync(rawFile, `${JSON.stringify({ ...report, results: rawResults(report) }, null, 1)}\n`);
}

/** Replaces the measured scenarios in both files, each with a line that says when and how; `titles` are those of all scenarios, in order. */
export function writePart(report: Report, titles: readonly string[]): void {
  const sections = report.results.map(({ scenario, result }) => ({
    title: scenario.title,
    text: `${measuredHow(report)}\n\n${sectionText(scenario, result)}`,
  }));
  writeFileSync(markdownFile, withSections(readFileSync(markdownFile, 'utf8'), sections, titles));
  // Because: this program wrote the file.
  const whole = JSON.parse(readFileSync(rawFile, 'utf8')) as { results: { scenario: string }[] };
  const { date, machine, options, command } = report;
  const measured = rawResults(report).map(result => ({ ...result, date, machine, options, command }));
  const others = whole.results.filter(({ scenario }) => !measured.some(each => each.scenario === scenario));
  writeFileSync(rawFile, `${JSON.stringify({ ...whole, results: [...others, ...measured] }, null, 1)}\n`);
}

function rawResults({ results }: Report): { readonly scenario: string; readonly rows: Result['rows'] }[] {
  return results.map(({ scenario, result }) => ({ scenario: scenario.name, rows: result.rows }));
}

function measuredHow({ command, date, options }: Report): string {
  return `Measured later, by \`${command}\` on ${minuteOf(date)}: ${options.rounds} rounds of ${options.seconds} s unless the scenario sets its own.`;
}

function minuteOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The scenario whose table is also used in README.md. */
const summaryScenario = 'small-get';

function markdown({ date, machine, peers, options, command, results }: Report): string {
  const parts = [
    '# What a request costs',
    '',
    `Made by \`${command}\` on ${minuteOf(date)}. Do not edit; the raw rows are in [results.json](results.json).`,
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
  for (const { scenario, result } of results) parts.push(`## ${scenario.title}`, '', sectionText(scenario, result), '');
  return `${parts.join('\n').trimEnd()}\n`;
}

function sectionText({ name }: Scenario, { table, failures }: Result): string {
  const rows = markdownTable(table);
  const marked = name === summaryScenario ? `<!-- summary -->\n${rows}\n<!-- /summary -->` : rows;
  return [marked, ...table.notes, ...failures.map(failure => `Failed: ${failure}`)].join('\n\n');
}

function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
