// A request that is signed in its query: a link that whoever has it may use until it expires. Reads the query; aws-verifier.ts verifies it.

import { queryPairs, withoutParameter } from '../../http/query.ts';
import { AWS_SCHEME, type AwsAuthorization, parseAwsAuthorization } from './aws-v4.ts';

/** The parameter that holds the signature. It is not signed itself. */
export const SIGNATURE_PARAMETER = 'X-Amz-Signature';

/** Well-formed but not verified. */
export interface PresignedQuery {
  readonly authorization: AwsAuthorization;
  /** `X-Amz-Date`, in any form. */
  readonly time: string;
  /** Seconds after `time` for which the link is valid. */
  readonly lifeS: number;
  /** The part of the query that is signed. */
  readonly signedQuery: string;
}

/** Null for a query that is not signed. */
export function readPresigned(rawQuery: string): PresignedQuery | 'malformed' | null {
  if (!rawQuery.includes(SIGNATURE_PARAMETER)) return null;
  const pairs = queryPairs(rawQuery);
  const textOf = (name: string): string => {
    const at = pairs.findIndex((each, i) => i % 2 === 0 && each === name);
    const isRepeated = pairs.some((each, i) => i % 2 === 0 && each === name && i !== at);
    // Because: of several values, a backend may read another one.
    return at === -1 || isRepeated ? '' : pairs[at + 1]!;
  };
  const [credential, names] = [textOf('X-Amz-Credential'), textOf('X-Amz-SignedHeaders')];
  const authorization = parseAwsAuthorization(
    `Credential=${credential}, SignedHeaders=${names}, Signature=${textOf(SIGNATURE_PARAMETER)}`,
  );
  const life = textOf('X-Amz-Expires');
  if (authorization === null || textOf('X-Amz-Algorithm') !== AWS_SCHEME || !/^[1-9][0-9]{0,6}$/.test(life))
    return 'malformed';
  const signedQuery = withoutParameter(rawQuery, SIGNATURE_PARAMETER);
  return { authorization, time: textOf('X-Amz-Date'), lifeS: Number(life), signedQuery };
}
