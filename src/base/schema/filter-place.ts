// A placeholder in schemas for a filter. The catalogue knows the filters; src/config puts their schemas in its place.

import { z } from 'zod';

export const filterPlace = { title: 'A filter: its name and its configuration' };

/** A filter inside another filter's configuration. It is checked by the schema of the filter that it names. */
export const filterElement = z.unknown().meta(filterPlace);
