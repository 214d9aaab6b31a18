// The whole smuggling corpus, each case with its own token.

import { chunkCases } from './cases/chunks.ts';
import { contentLengthCases } from './cases/content-length.ts';
import { expectAndUpgradeCases } from './cases/expect-and-upgrade.ts';
import { headerFieldCases } from './cases/header-fields.ts';
import { hostCases } from './cases/host.ts';
import { pathCases } from './cases/paths.ts';
import { requestLineCases } from './cases/request-line.ts';
import { transferEncodingCases } from './cases/transfer-encoding.ts';
import type { SmugglingCase } from './smuggling-case.ts';

export interface IdentifiedCase extends SmugglingCase {
  /** Four characters, the length of `{id}`, so that lengths in a case stay correct. */
  readonly id: string;
}

const cases: readonly SmugglingCase[] = [
  ...contentLengthCases,
  ...transferEncodingCases,
  ...chunkCases,
  ...requestLineCases,
  ...headerFieldCases,
  ...hostCases,
  ...pathCases,
  ...expectAndUpgradeCases,
];

export const smugglingCorpus: readonly IdentifiedCase[] = cases.map((smuggling, at) => {
  const id = `q${at.toString(36).padStart(3, '0')}`;
  const fill = (text: string): string => text.replaceAll('{id}', id);
  return {
    ...smuggling,
    id,
    request: fill(smuggling.request),
    ...(smuggling.later === undefined ? {} : { later: fill(smuggling.later) }),
    ...(smuggling.path === undefined ? {} : { path: fill(smuggling.path) }),
  };
});
