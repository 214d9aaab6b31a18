// What a reader can do about the figures of an overload drill: one sentence each, with the setting that changes it.

import type { UpstreamConfig } from '../../config/config.ts';
import type { OverloadResult } from './overload-drill.ts';

/** What is asked of a gateway under three times the load: so much of the capacity, and so much slower at most. */
const GOODPUT_MIN = 0.9;
const SLOWER_MAX = 3;

/** Whether nobody has to do anything. */
export function isServedWell({ goodPerSecond, capacity, p99Ms, calmP99Ms, failed }: OverloadResult): boolean {
  return goodPerSecond >= GOODPUT_MIN * capacity && p99Ms < SLOWER_MAX * calmP99Ms && failed === 0;
}

/** Empty when there is nothing to better. */
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
      `only ${share} % of what the endpoints can do came back in time: raise \`concurrency.limit\` a little above what they work on at once, so that the next request is there when one is done`,
    );
  }
  if (p99Ms >= SLOWER_MAX * calmP99Ms) {
    const { queueMax = 0 } = concurrency ?? {};
    advice.push(
      queueMax > 0
        ? `those who were let in waited up to ${p99Ms} ms, alone it takes ${calmP99Ms} ms: make \`concurrency.queue\` shorter, or \`queueTimeout\``
        : `those who were let in waited up to ${p99Ms} ms, alone it takes ${calmP99Ms} ms: lower \`concurrency.limit\`, so that requests do not wait at the endpoints`,
    );
  }
  if (failed > 0) {
    advice.push(
      `${failed} requests got neither an answer nor a clear 503: look at \`timeout\` and \`responseTimeout\`, which are shorter than the waits`,
    );
  }
  if (afterP99Ms >= SLOWER_MAX * calmP99Ms) {
    advice.push(
      `when the crowd had left it still took ${afterP99Ms} ms: what had piled up was worked off first; shorten the queues`,
    );
  }
  return advice;
}
