// Stands in a schema where a filter may be written. Which filters there are is known to the catalogue; src/config puts them in its place.

import { z } from 'zod';

export const filterPlace = { title: 'A filter: its name and its configuration' };

/** A filter inside another one's configuration. The element is checked by the schema of the filter that it names. */
export const filterElement = z.unknown().meta(filterPlace);
