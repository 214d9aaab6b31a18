// Settings that are read only once, at the start: a reload that changes one of them reports so, instead of silently ignoring the change.

import type { Config } from '../config/config.ts';

/** Names of the settings that differ and take effect only after a restart. */
export function fixedSettingsThatChanged(before: Config, now: Config): string[] {
  const changed: string[] = [];
  if (before.accessLog.path !== now.accessLog.path) changed.push('accessLog.path');
  if (before.metrics.routesMax !== now.metrics.routesMax) changed.push('metrics.routesMax');
  if (before.metrics.consumersMax !== now.metrics.consumersMax) changed.push('metrics.consumersMax');
  if (JSON.stringify(before.admin) !== JSON.stringify(now.admin)) changed.push('admin');
  return changed;
}
