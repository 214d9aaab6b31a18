// Finds settings about where limits are counted that can never take effect. config.ts has the settings themselves.

import type { Rate } from '../../base/rate.ts';

interface StoreSettings {
  readonly store: string;
  readonly mode: 'shared' | 'exact' | undefined;
  readonly onStoreFailure: string | undefined;
  readonly answerTimeout: number | undefined;
}

interface StoreIssue {
  readonly path: readonly string[];
  readonly message: string;
}

export function storeIssues(
  { store, mode, onStoreFailure, answerTimeout }: StoreSettings,
  limits: readonly { readonly rate: Rate | null }[],
): StoreIssue[] {
  const issues: StoreIssue[] = [];
  if (store === 'local') {
    for (const [key, value] of Object.entries({ mode, onStoreFailure, answerTimeout })) {
      if (value !== undefined)
        issues.push({ path: [key], message: `\`${key}\` is for limits in a Redis: name it by \`store\`` });
    }
    return issues;
  }
  if (limits.every(({ rate }) => rate === null)) {
    const message = 'only a `limit` is counted in a store: requests under way are counted by each gateway for itself';
    issues.push({ path: ['store'], message });
  }
  if (answerTimeout !== undefined && mode !== 'exact')
    issues.push({ path: ['answerTimeout'], message: 'only `mode: exact` waits for Redis' });
  return issues;
}
