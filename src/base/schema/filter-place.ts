// A placeholder in schemas for a filter. The catalogue knows which filters there are; src/config puts them in its place.

import { z } from 'zod';

export const filterPlace = { title: 'A filter: its name and its configuration' };

/** A filter inside another one's configuration. The element is checked by the schema of the filter that it names. */
export const filterElement = z.unknown().meta(filterPlace);
