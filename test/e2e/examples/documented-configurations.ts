// Extracts the configurations that the documents show and completes them. Runs nothing.

import path from 'node:path';

export interface DocumentedConfiguration {
  /** Such as `docs/guide/routing.md:12`. */
  readonly place: string;
  /** The block as the reader sees it. */
  readonly shown: string;
  /** A whole document: adds a listener, the upstreams that the block names, and a route, where it shows none. */
  readonly whole: string;
}

const block = /^```yaml cardea\n([\s\S]*?)^```$/gm;

/** Every block of a Markdown text that opens with "```yaml cardea". */
export function documentedConfigurations(file: string, markdown: string): DocumentedConfiguration[] {
  return [...markdown.matchAll(block)].map(match => {
    const shown = match[1]!;
    const line = markdown.slice(0, match.index).split('\n').length;
    return { place: `${file.split(path.sep).join('/')}:${line}`, shown, whole: madeWhole(shown) };
  });
}

const files = /^```sh files\n([\s\S]*?)^```$/gm;

/** The commands with which a reader makes the files that a document's configurations name; empty when there are none. */
export function documentedFiles(markdown: string): string {
  return [...markdown.matchAll(files)].map(([, commands]) => commands).join('');
}

function madeWhole(shown: string): string {
  const has = (key: string) => new RegExp(`^${key}:`, 'm').test(shown);
  const parts = [shown.trimEnd()];
  if (!has('listeners')) parts.push('listeners: [{ address: 127.0.0.1:8080 }]');
  const named = shown.matchAll(/\bto: ([\w-]+)\s*(?:\}|#|$)|\bupstream: ([\w-]+)/gm);
  const upstreams = new Set([...named].map(match => match[1] ?? match[2]!));
  if (!has('upstreams') && upstreams.size > 0) {
    parts.push('upstreams:', ...[...upstreams].map(name => `  ${name}: { endpoints: [http://127.0.0.1:9000] }`));
  }
  if (!has('routes')) parts.push('routes: [{ name: any, match: { path: /* }, to: { reply: { status: 204 } } }]');
  return `${parts.join('\n')}\n`;
}
