// Measures the accuracy of limits over a minute: node test/long/limit-accuracy.ts [SECONDS]. Exits 1 when a bound is exceeded.

import { accuracyCases, accuracyOf } from '../support/limit-accuracy.ts';
import { startRedis } from '../support/redis.ts';

const forMs = Number(process.argv[2] ?? 60) * 1_000;
const redis = await startRedis();
const outcomes = await Promise.all(
  accuracyCases.map(async each => ({ each, accuracy: await accuracyOf(each, redis.port, forMs) })),
);
await redis.stop();
let isBroken = false;
for (const { each, accuracy } of outcomes) {
  const { offered, admitted, allowed, over, overOnAverage } = accuracy;
  const share = each.mode === 'exact' ? 0.5 / allowed : each.count >= 100 ? 0.02 : 0.1;
  const broken = each.factor < 1 ? admitted < offered : over > share * allowed;
  isBroken ||= broken;
  const percent = (units: number) => `${((100 * units) / allowed).toFixed(2)} %`.padStart(8);
  console.log(
    `${each.name.padEnd(40)} offered ${String(offered).padStart(7)}  admitted ${String(admitted).padStart(7)}  allowed ${allowed.toFixed(0).padStart(7)}  over ${percent(over)} at most, ${percent(overOnAverage)} on average${broken ? '  BROKEN' : ''}`,
  );
}
process.exitCode = isBroken ? 1 : 0;
