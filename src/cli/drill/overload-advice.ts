// Advice for the figures of an overload drill: one sentence each, with the setting to change.

import type { UpstreamConfig } from '../../config/config.ts';
import type { OverloadResult } from './overload-drill.ts';

/** Criteria under three times the load: at least this share of the capacity, and a 99th percentile below this multiple of the calm one. */
const GOODPUT_MIN = 0.9;
const SLOWER_MAX = 3;

/** Whether the criteria are met and no request failed. */
export function isServedWell({ goodPerSecond, capacity, p99Ms, calmP99Ms, failed }: OverloadResult): boolean {
  return goodPerSecond >= GOODPUT_MIN * capacity && p99Ms < SLOWER_MAX * calmP99Ms && failed === 0;
}

/** Advice for one upstream; empty when there is nothing to improve. */
export function overloadAdvice({ concurrency }: UpstreamConfig, result: OverloadResult): string[] {
  const advice: string[] = [];
  const { goodPerSecond, capacity, p99Ms, calmP99Ms, failed, longestQueue, afterP99Ms } = result;
  const share = Math.round((100 * goodPerSecond) / capacity);
  if (concurrency === undefined && (p99Ms >= SLOWER_MAX * calmP99Ms || goodPerSecond < GOODPUT_MIN * capacity)) {
    advice.push(
      `nothing limits what is sent to it: ${longestQueue} requests waited at the endpoints at once; add \`concurrency: adaptive\`, or a limit with a short queue`,
    );
    return advice;
  }
  if (goodPerSecond < GOODPUT_MIN * capacity) {
    advice.push(
      `only ${share} % of the throughput of the endpoints was served in time: raise \`concurrency.limit\` a little above the number of requests that they process at once, so that the next one is there when one is done`,
    );
  }
  if (p99Ms >= SLOWER_MAX * calmP99Ms) {
    const { queueMax = 0 } = concurrency ?? {};
    advice.push(
      queueMax > 0
        ? `admitted requests took up to ${p99Ms} ms, without load ${calmP99Ms} ms: make \`concurrency.queue\` or \`queueTimeout\` shorter`
        : `admitted requests took up to ${p99Ms} ms, without load ${calmP99Ms} ms: lower \`concurrency.limit\`, so that requests do not wait at the endpoints`,
    );
  }
  if (failed > 0) {
    advice.push(
      `${failed} requests got neither a response nor a clear 503: check \`timeout\` and \`responseTimeout\`, which are shorter than the waits`,
    );
  }
  if (afterP99Ms >= SLOWER_MAX * calmP99Ms) {
    advice.push(
      `after the overload requests still took ${afterP99Ms} ms, since the backlog was processed first: shorten the queues`,
    );
  }
  return advice;
}
