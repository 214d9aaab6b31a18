// Checks at the start and once an hour whether a server that logins depend on can be reached, and tells the operator. Otherwise nobody
// would know before the first user wants to log in.

import { retryPauseMs, somewhatEarlyMs } from '../../base/backoff.ts';
import { messageOf } from '../../base/message-of.ts';
import { fetchJson } from '../bounded-fetch.ts';
import type { FeedOutlet, FeedSource, FeedSpec, RunningFeed } from '../feed.ts';
import type { ProviderSpec } from './provider-feed.ts';

const DOCUMENT_BYTES_MAX = 512 * 1024;
const LOOK_EVERY_MS = 3_600_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export const providerSource: FeedSource<never> = {
  kind: 'provider',
  start(spec: FeedSpec, outlet: FeedOutlet<never>): RunningFeed {
    // Because: only `providerNeed` makes needs of this kind.
    const { url, timeoutMs, consequence, question } = spec as ProviderSpec;
    const stopped = new AbortController();
    let next: NodeJS.Timeout | undefined;
    let failures = 0;
    const look = async (): Promise<void> => {
      try {
        const common = { timeoutMs, bytesMax: DOCUMENT_BYTES_MAX, signal: stopped.signal };
        await fetchJson(url, question === null ? common : { ...common, ...postOf(question) });
        failures = 0;
        outlet.report(null);
      } catch (error) {
        if (stopped.signal.aborted) return;
        failures++;
        outlet.report(`${consequence}: ${messageOf(error)}`);
      }
      if (!stopped.signal.aborted) next = setTimeout(() => void look(), pauseMs(failures));
    };
    const stop = (): void => {
      stopped.abort();
      clearTimeout(next);
    };
    void look();
    // Because: workers do not read this feed, so no start or reload has to wait for a provider that does not answer.
    return { ready: Promise.resolve(), nudge: () => {}, stop };
  },
};

function postOf({ authorization, form }: NonNullable<ProviderSpec['question']>) {
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', headers, body: form } as const;
}

function pauseMs(failures: number): number {
  return failures === 0 ? somewhatEarlyMs(LOOK_EVERY_MS) : retryPauseMs(failures, RETRY_MIN_MS, RETRY_MAX_MS);
}
