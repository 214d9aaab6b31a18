// Generates docs/reference/metrics.md: every metric with type, labels and meaning, from the table that the gateway itself uses.

import { blockKinds, type MetricFamily } from '../src/telemetry/metric-families.ts';

export function metricReference(): string {
  const rows = Object.values(blockKinds).flatMap(kind =>
    kind.families.map(family => row(family, kind.labels.join(', '))),
  );
  return `${introduction}${rows.join('\n')}\n`;
}

const introduction = `# Metrics

The metrics of \`/metrics\` on the admin address, summed over the workers. Generated from the table that the gateway itself uses.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
`;

function row({ name, type, help, series }: MetricFamily, blockLabel: string): string {
  const own = new Set(series.flatMap(({ labels }) => [...labels.matchAll(/(\w+)="/g)].map(match => match[1]!)));
  const labels = [...(blockLabel === '' ? [] : [blockLabel]), ...own];
  return `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`;
}
