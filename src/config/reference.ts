// The reference of the language in Markdown, made from the schemas that check it: docs/reference/configuration.md.

import type { FilterSchema } from './filter-schema.ts';
import { type JsonSchema, toJsonSchema } from './json-schema.ts';
import { documentSchema, languageOf } from './language.ts';
import { defaultText, type SettingRow, settingRows, valuesText } from './setting-rows.ts';

const opening = `<!-- Made by \`npm run reference\` from src/config and the filters' config.ts. Change those. -->

# Configuration reference

One YAML or JSON document. Durations are \`250ms 30s 5m 24h\`, sizes \`64KiB 1MiB\`, rates \`100/s 1000/min 5000/h 10M/month\` (also \`day\` and \`week\`, a
month has 30 days), percentages \`5%\`. In every text \`\${env:NAME}\`, \`\${env:NAME:-default}\` and \`\${file:/path}\` are filled in; \`$\${env:\` stands for the
letters. Unknown keys are errors. How the parts work together is in the [guide](../guide/configuration.md).
`;

/** The same for the same schemas. */
export function configurationReference(filters: readonly FilterSchema[]): string {
  const document = toJsonSchema(documentSchema(languageOf(filters)), false);
  const parts = Object.entries(document.properties ?? {}).filter(hasSchema);
  const overview = table(
    ['setting', 'takes', 'default', 'is'],
    parts.map(([key, schema]) => [
      `[\`${key}\`](#${key.toLowerCase()})`,
      valuesText(schema),
      defaultText(schema),
      schema.description ?? '',
    ]),
  );
  const sections = parts.map(([key, schema]) =>
    section(`## ${key}`, `${schema.description ?? ''}`, partRows(key, schema)),
  );
  return [opening, overview, ...sections, filterSections(filters)].join('\n');
}

function filterSections(filters: readonly FilterSchema[]): string {
  const intro = '## The filters\n\nEach is an element of a `filters` list: its name, with its settings below.\n';
  const sections = filters
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, schema, documentation }) =>
      section(`### ${name}`, documentation ?? '', settingRows(toJsonSchema(schema, false), '')),
    );
  return [intro, ...sections].join('\n');
}

/** Rows of one part, named as in the document. */
function partRows(key: string, schema: JsonSchema): SettingRow[] {
  const entries = schema.additionalProperties;
  if (typeof entries === 'object') return settingRows(entries, `${key}.NAME`);
  return settingRows(schema, key);
}

function section(heading: string, text: string, rows: readonly SettingRow[]): string {
  const body = rows.length === 0 ? '' : `\n${table(['setting', 'takes', 'default', 'is'], rows.map(cells))}`;
  return `${heading}\n\n${text}\n${body}`;
}

function cells({ name, values, fallback, meaning }: SettingRow): string[] {
  return [`\`${name}\``, values, fallback, meaning];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (fields: readonly string[]) =>
    `| ${fields.map(field => field.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function hasSchema(entry: [string, unknown]): entry is [string, JsonSchema] {
  return typeof entry[1] === 'object';
}
