// What a condition on a claim takes for met: exactly what it says, whatever type the issuer gave the claim.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileClaimCheck } from './claim-check.ts';
import type { ClaimConfig } from './config.ts';

const cases: [condition: ClaimConfig, met: readonly unknown[], unmet: readonly unknown[]][] = [
  ['admin', ['admin', ['user', 'admin']], ['', 'Admin', 'admins', ['admins'], [], undefined, null, {}]],
  ['3', ['3', 3], ['3.0', 4, true]],
  ['a~b', ['a~b'], ['b', '~b']],
  ['undefined', ['undefined'], [undefined, null]],
  ['null', ['null'], [null, undefined]],
  ['a', ['a', ['a']], [[['a']], { a: 'a' }]],
  ['[object Object]', ['[object Object]'], [{}]],
  [3, [3, '3', [1, 3]], [4, '3.0', ' 3', true, null, undefined, [[3]]]],
  [true, [true, 'true'], [false, 'false', 1, 'TRUE', undefined]],
  [
    ['a', 2],
    ['a', 2, '2', ['x', 'a']],
    ['b', 3, [], undefined],
  ],
  ['~a.*|b', ['a', 'abc', 'b', ['x', 'b']], ['ba', 'xa', '', undefined, null, { a: 1 }, [['a']]]],
  ['~[0-9]+|true', [12, '12', true], ['12x', 1.5, false]],
  ['> 3', [4, 3.5, '4', ['x', 4]], [3, '3', 'x4', '4x', '', ' 4', true, null, undefined, [], [[4]], '1e9', Number.NaN]],
  ['>= 3', [3, '3', 4, '3.0'], [2.9, '2']],
  ['< -1.5', [-2, '-2'], [-1.5, 0, '', '-']],
  ['<= 3', [3, 2, '-3'], [3.1, '4', null, '', '-', '.5', '2.', '2x', ' 2']],
  [{ present: true }, ['', 0, false, [], {}, 'x'], [undefined, null]],
  [{ present: false }, [undefined, null], ['', 0, false, [], 'x']],
];
for (const [condition, met, unmet] of cases) {
  test(JSON.stringify(condition), () => {
    const check = compileClaimCheck(condition);
    for (const claim of met) assert.equal(check(claim), true, JSON.stringify(claim));
    for (const claim of unmet) assert.equal(check(claim), false, JSON.stringify(claim));
  });
}
