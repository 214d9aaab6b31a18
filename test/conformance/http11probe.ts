// Reads the Http11Probe corpus and judges outcomes in the suite's own terms. Sends nothing.

import { readFileSync } from 'node:fs';

export type ProbeVerdict = 'Pass' | 'Warn' | 'Fail';

export interface ProbeCase {
  readonly id: string;
  readonly category: string;
  readonly description: string;
  /** Such as `400 or close`, `2xx + close`, `!101`. */
  readonly expected: string;
  readonly scored: boolean;
  readonly request: string;
  /** Outcomes (`200`, `ClosedByServer`, `TimedOut`) for which the suite was observed to give each verdict. */
  readonly seenVerdicts: Readonly<Partial<Record<ProbeVerdict, readonly string[]>>>;
}

export interface ProbeOutcome {
  /** Null when no response arrived. */
  readonly status: number | null;
  readonly closed: boolean;
}

export function loadProbes(): ProbeCase[] {
  const text = readFileSync(new URL('./corpora/http11probe.json', import.meta.url), 'utf8');
  // Because: the file is data of this repository; the test counts its cases.
  return (JSON.parse(text) as { cases: ProbeCase[] }).cases;
}

/**
 * The verdict that the suite would give. If the suite was observed to judge the same outcome in only one way, that verdict. Otherwise
 * the wording of `expected` decides, read strictly: a status that it does not name is a failure, whatever follows.
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
