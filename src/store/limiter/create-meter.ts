// Makes the meter that counts a limit: the one place that lists the algorithms.

import { FixedWindow } from './fixed-window.ts';
import { Gcra } from './gcra.ts';
import type { LimitRule } from './limit-rule.ts';
import type { Meter } from './meter.ts';
import { SlidingLog } from './sliding-log.ts';
import { SlidingWindow } from './sliding-window.ts';
import { TokenBucket } from './token-bucket.ts';

export function createMeter(rule: LimitRule): Meter {
  switch (rule.algorithm) {
    case 'gcra':
      return new Gcra(rule);
    case 'tokenBucket':
      return new TokenBucket(rule);
    case 'slidingWindow':
      return new SlidingWindow(rule);
    case 'slidingLog':
      return new SlidingLog(rule);
    case 'fixedWindow':
      return new FixedWindow(rule);
  }
}
