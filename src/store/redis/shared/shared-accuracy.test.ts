// Offered twice the limit, several gateways together admit the limit; offered less, they refuse nobody. The same for a minute:
// node test/long/limit-accuracy.ts

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accuracyCases, accuracyOf } from '../../../../test/support/limit-accuracy.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis.ts';

/** `CARDEA_LONG=1` runs for the minute that the issue asks for; CI runs for a part of it. */
const FOR_MS = process.env['CARDEA_LONG'] === '1' ? 60_000 : 6_000;
/** Excess admissions are made up for later, so they weigh less in a minute: 2 % of a minute at 100/s and above, 10 % at 10/s. */
const MINUTE = 60;

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('accuracy', { concurrency: true }, async t => {
  await Promise.all(
    accuracyCases.map(each =>
      t.test(each.name, async () => {
        const { offered, admitted, over, overOnAverage, standstill } = await accuracyOf(each, redis.port, FOR_MS);
        if (each.factor < 1) assert.equal(admitted, offered, 'a caller below the limit was refused');
        // By half a unit, the clock of Redis and that of this process may have drifted apart meanwhile.
        else if (each.mode === 'exact') assert.ok(over <= 0.5, `${over} too many`);
        else {
          const share = each.count >= 100 ? 0.02 : 0.1;
          assert.ok(over <= share * each.count * MINUTE + standstill, `${over} too many, standstill ${standstill}`);
          // Too few admissions are an error as well.
          const fewMost = 0.05 * each.count * (FOR_MS / 1_000) + 2 * standstill;
          assert.ok(overOnAverage >= -fewMost, `${-overOnAverage} too few, standstill ${standstill}`);
        }
      }),
    ),
  );
});
