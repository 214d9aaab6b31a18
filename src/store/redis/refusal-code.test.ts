import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalCode } from './refusal-code.ts';

test('the code is what an answer begins with, and of a script what stands in its message', () => {
  for (const [message, code] of [
    ["OOM command not allowed when used memory > 'maxmemory'. script: ded8, on @user_script:3.", 'OOM'],
    ['ERR unknown command', 'ERR'],
    [
      "ERR The user executing the script can't run this command or subcommand script: 104a, on @user_script:1.",
      'NOPERM',
    ],
    // The form of Redis 6.2.
    [
      "ERR Error running script (call to f_ded8): @user_script:3: @user_script: 3: -READONLY You can't write against a read only replica. ",
      'READONLY',
    ],
  ] as const) {
    assert.equal(refusalCode(Object.assign(new Error(message), { name: 'ReplyError' })), code);
  }
  assert.equal(refusalCode(new Error('OOM no answer of a server')), null);
});
