// Which fields no table of any hop may keep: those with credentials, whatever their sender said, and those that came marked so.

import { headerIdOf } from '../../header-names.ts';
import { staticNameIndex } from './static-table.ts';

/** First bits of a literal without indexing and of a literal never indexed (RFC 7541 sections 6.2.2 and 6.2.3). */
export const WITHOUT_INDEXING = 0x00;
export const NEVER_INDEXED = 0x10;

/** Names of fields with credentials (RFC 7541 section 7.1.3). */
const credentialNames = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'];

/** Indexes of these names in the static table. */
export const credentialIndexes: readonly number[] = credentialNames.map(staticNameIndex);

/** The `HeaderId`s of these names. */
export const credentialIds: ReadonlySet<number> = new Set(credentialNames.map(headerIdOf));
