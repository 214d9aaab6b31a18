// Checks names in documents that promise something of the product: metrics, error codes with their status, options of commands.

import type { SourceFile } from './source-files.ts';

/** The names that exist. */
export interface Vocabulary {
  readonly metrics: ReadonlySet<string>;
  readonly statuses: ReadonlyMap<string, number>;
  /** Options by command. */
  readonly options: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Names of cookies, tables and the like, which begin like those of metrics. */
const noMetrics = new Set(['cardea_keys', 'cardea_keys_state', 'cardea_session', 'cardea_split']);

const metric = /\bcardea_[a-z0-9_]+/g;
/** `503 \`limits_unavailable\``, with or without backticks around the number. */
const refusal = /\b([45]\d\d)`? `([a-z0-9]+_[a-z0-9_]+)`/g;
const commandLine = /(?<![\w/.-])(?:\S*\/)?cardea ([a-z]+)((?: +(?!#)[^\s`|;>]+)*)/g;

/** Names in the documents that do not exist, as `file: what`. */
export function unknownWords(documents: readonly SourceFile[], { metrics, statuses, options }: Vocabulary): string[] {
  return documents.flatMap(({ path, text }) => {
    const names = [...text.matchAll(metric)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
    const wrong = names.filter(name => !metrics.has(name) && !noMetrics.has(name));
    for (const [whole, status, code] of text.matchAll(refusal)) {
      if (statuses.get(code!) !== Number(status)) wrong.push(whole);
    }
    for (const [, command, rest] of text.matchAll(commandLine)) {
      const known = options.get(command!);
      const given = rest!.split(/ +/).flatMap(word => /^--?([a-zA-Z][a-zA-Z-]*)/.exec(word)?.[1] ?? []);
      wrong.push(...given.filter(option => known?.has(option) !== true).map(option => `cardea ${command} -${option}`));
    }
    return wrong.map(what => `${path}: ${what}`);
  });
}
