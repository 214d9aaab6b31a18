// Reads the Http11Probe corpus and judges an outcome in its own words. Sends nothing.

import { readFileSync } from 'node:fs';

export type ProbeVerdict = 'Pass' | 'Warn' | 'Fail';

export interface ProbeCase {
  readonly id: string;
  readonly category: string;
  readonly description: string;
  /** `400 or close`, `2xx + close`, `!101` and so on. */
  readonly expected: string;
  readonly scored: boolean;
  readonly request: string;
  /** Outcomes (`200`, `ClosedByServer`, `TimedOut`) that the suite was seen to judge so. */
  readonly seenVerdicts: Readonly<Partial<Record<ProbeVerdict, readonly string[]>>>;
}

export interface ProbeOutcome {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly closed: boolean;
}

export function loadProbes(): ProbeCase[] {
  const text = readFileSync(new URL('./corpora/http11probe.json', import.meta.url), 'utf8');
  // Because: the file is data of this repository; the test counts its cases.
  return (JSON.parse(text) as { cases: ProbeCase[] }).cases;
}

/**
 * What the suite would say. Where it was seen to judge the same outcome in one way only, that is it; the wording of
 * `expected` decides the rest, in the stricter sense: an answer that it does not name is a failure, whatever follows it.
 */
export function judgeProbe(probe: ProbeCase, outcome: ProbeOutcome): ProbeVerdict {
  const { expected, seenVerdicts } = probe;
  const { status, closed } = outcome;
  const success = status !== null && status >= 200 && status < 300;
  if (expected === '!101') return status === null ? (closed ? 'Pass' : 'Fail') : status === 101 ? 'Fail' : 'Pass';
  if (expected === '2xx + close') {
    if (!success) return 'Fail';
    return closed ? 'Pass' : seenVerdicts.Warn === undefined ? 'Fail' : 'Warn';
  }
  const key = status === null ? (closed ? 'ClosedByServer' : 'TimedOut') : success ? '200' : String(status);
  const seen = (['Pass', 'Warn', 'Fail'] as const).filter(verdict => seenVerdicts[verdict]?.includes(key));
  if (seen.length === 1) return seen[0]!;
  const named: readonly string[] = expected.match(/\d{3}|2xx|close|timeout/g) ?? [];
  const name =
    status === null
      ? closed
        ? 'close'
        : 'timeout'
      : success && !named.includes(String(status))
        ? '2xx'
        : String(status);
  if (!named.includes(name)) return 'Fail';
  return name === '2xx' && /400 or 2xx|\(warn\)/.test(expected) ? 'Warn' : 'Pass';
}
