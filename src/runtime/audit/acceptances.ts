// Separates the ways around a route's guard that its owner has accepted (known, with a reason) from those that are still findings.

import type { RouteConfig } from '../../config/config.ts';
import type { AcceptedFinding, AuditFinding } from './audit-report.ts';

/** Splits `found` into open findings and accepted ones. An acceptance that matches no finding becomes the finding `accepts_nothing`. */
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
