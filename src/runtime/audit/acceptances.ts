// What a route's owner has accepted of the ways around its guard: known, with a reason, and no longer a finding.

import type { RouteConfig } from '../../config/config.ts';
import type { AcceptedFinding, AuditFinding } from './audit-report.ts';

/** Parts findings into those that stand and those that were accepted; an acceptance of nothing is a finding itself. */
export function partFindings(
  { audit }: RouteConfig,
  found: readonly AuditFinding[],
): { readonly findings: readonly AuditFinding[]; readonly accepted: readonly AcceptedFinding[] } {
  const accept = audit?.accept ?? [];
  const findings: AuditFinding[] = [];
  const accepted: AcceptedFinding[] = [];
  const used = new Set<object>();
  for (const finding of found) {
    const acceptance = accept.find(each => each.finding === finding.code && each.by === finding.by);
    if (acceptance === undefined) findings.push(finding);
    else {
      used.add(acceptance);
      accepted.push({ ...finding, because: acceptance.because });
    }
  }
  for (const acceptance of accept) {
    if (used.has(acceptance)) continue;
    const message = `accepts ${acceptance.finding} by "${acceptance.by}", which no longer exists: remove it`;
    findings.push({ code: 'accepts_nothing', by: acceptance.by, message });
  }
  return { findings, accepted };
}
