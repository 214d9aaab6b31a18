// Renders all metrics as Prometheus text (format 0.0.4). Runs in the supervisor's thread, never on a worker.

import { durationBoundsMs, HISTOGRAM_BUCKETS } from './histogram.ts';
import {
  type BlockKind,
  blockKinds,
  LABEL_SEPARATOR,
  type MetricFamily,
  type MetricSeries,
} from './metric-families.ts';
import type { MetricRegistry } from './metric-registry.ts';

/** The Content-Type of `/metrics`. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const bucketLabels: readonly string[] = [...durationBoundsMs.map(ms => `le="${ms / 1_000}"`), 'le="+Inf"'];

/**
 * The whole exposition, with the cells of all workers merged. Counters and gauges of every known block are there from the start, at zero; a
 * histogram appears with its first observation, since a thousand idle routes would be 23,000 lines.
 */
export function renderPrometheus(registry: MetricRegistry): string {
  const slabs = registry.allCells();
  let text = '';
  for (const kind of Object.values(blockKinds)) {
    const blocks = Array.from(registry.blocks(kind.name), ([label, offset]) => ({
      offset,
      labels: blockLabels(kind, label),
    }));
    for (const family of kind.families) {
      text += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
      for (const { offset, labels } of blocks) {
        for (const series of family.series) {
          const all = joinLabels(labels, series.labels);
          text +=
            family.type === 'histogram'
              ? histogramLines(family, series, all, offset, slabs)
              : valueLine(family, series, all, offset, slabs);
        }
      }
    }
  }
  return text;
}

function valueLine(
  family: MetricFamily,
  series: MetricSeries,
  labels: string,
  offset: number,
  slabs: readonly Float64Array[],
): string {
  const value = merged(slabs, offset + series.at, family.merge) / family.divisor;
  return `${family.name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`;
}

function histogramLines(
  family: MetricFamily,
  series: MetricSeries,
  labels: string,
  offset: number,
  slabs: readonly Float64Array[],
): string {
  const first = offset + series.at;
  let lines = '';
  let count = 0;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    count += merged(slabs, first + 1 + bucket, 'sum');
    lines += `${family.name}_bucket{${joinLabels(labels, bucketLabels[bucket]!)}} ${numberText(count)}\n`;
  }
  if (count === 0) return '';
  const sum = merged(slabs, first, 'sum') / family.divisor;
  const suffix = labels === '' ? '' : `{${labels}}`;
  return `${lines}${family.name}_sum${suffix} ${numberText(sum)}\n${family.name}_count${suffix} ${numberText(count)}\n`;
}

function merged(slabs: readonly Float64Array[], at: number, merge: 'sum' | 'max'): number {
  let value = 0;
  for (const cells of slabs) value = merge === 'sum' ? value + cells[at]! : Math.max(value, cells[at]!);
  return value;
}

function blockLabels(kind: BlockKind, label: string): string {
  const { labels } = kind;
  // Because: a route's name may contain any character, the separator too.
  const values = labels.length === 1 ? [label] : label.split(LABEL_SEPARATOR);
  return labels.map((name, at) => `${name}="${escapeLabel(values[at] ?? '')}"`).join(',');
}

function joinLabels(a: string, b: string): string {
  return a === '' ? b : b === '' ? a : `${a},${b}`;
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, special => (special === '\n' ? '\\n' : `\\${special}`));
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, special => (special === '\n' ? '\\n' : '\\\\'));
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
