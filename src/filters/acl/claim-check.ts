// One compiled condition on a claim of a token. Depending on the issuer, the claim is missing, a scalar or a list.

import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';
import { comparisonOf } from './comparison.ts';
import type { ClaimConfig } from './config.ts';

/** Whether a claim meets the condition. The claim is undefined when it is missing. */
export type ClaimCheck = (claim: unknown) => boolean;

type Scalar = string | number | boolean;

export function compileClaimCheck(config: ClaimConfig): ClaimCheck {
  if (typeof config === 'object' && !Array.isArray(config)) {
    return config.present
      ? claim => claim !== undefined && claim !== null
      : claim => claim === undefined || claim === null;
  }
  const checks = (Array.isArray(config) ? config : [config]).map(scalarCheck);
  const meets = (value: unknown) => checks.some(check => check(value));
  return claim => (Array.isArray(claim) ? claim.some(meets) : meets(claim));
}

/** A check for one wanted value. Numbers and booleans also match their text form, since issuers differ in how they write them. */
function scalarCheck(wanted: Scalar): ClaimCheck {
  if (typeof wanted !== 'string') return value => value === wanted || value === String(wanted);
  if (wanted.startsWith('~')) {
    const regex = compileLinearRegex(wanted.slice(1));
    if (regex instanceof LinearRegexError) throw new TypeError(regex.message);
    return value => isScalar(value) && regex.testWhole(String(value));
  }
  const comparison = comparisonOf(wanted);
  if (comparison === null) return value => isScalar(value) && String(value) === wanted;
  const { sign, number } = comparison;
  return value => {
    if (typeof value !== 'number' && !(typeof value === 'string' && /^-?[0-9]+(?:\.[0-9]+)?$/.test(value)))
      return false;
    const actual = Number(value);
    if (sign === '>') return actual > number;
    if (sign === '>=') return actual >= number;
    return sign === '<' ? actual < number : actual <= number;
  };
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
