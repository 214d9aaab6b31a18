// Own modules are resolved as Node resolves them, missing ones are reported, and all other modules are left to Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOwnModulesQuickly } from './own-modules.ts';

test('own modules are found as Node finds them, and what is missing is told', async () => {
  const before: unknown = await import('./turn-queue.ts');
  findOwnModulesQuickly();
  assert.equal(await import('./turn-queue.ts'), before);
  const { RestartBackoff }: { RestartBackoff?: unknown } = await import('./restart-backoff.ts');
  assert.equal(typeof RestartBackoff, 'function');
  const missing = './there-is-none.ts';
  await assert.rejects(import(missing), /there-is-none/);
  assert.equal(typeof (await import('js-yaml')).load, 'function');
});

test('the messages of zod in other languages are not loaded, and all that is used is there', async () => {
  findOwnModulesQuickly();
  const { z } = await import('zod');
  assert.deepEqual(Object.keys(z.locales), []);
  const { error } = z.strictObject({ a: z.string() }).safeParse({ a: 1 });
  assert.match(error?.issues[0]?.message ?? '', /expected string/);
});
