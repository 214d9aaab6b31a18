// A placeholder in schemas for a filter. The catalogue knows the filters; src/config puts their schemas in its place.

import { z } from 'zod';

export const filterPlace = { title: 'A filter: its name and its configuration' };

/** An element of `filters`, which may also be the use of a chain. */
export const filterOrChainPlace = { title: 'A filter, or a chain of filters' };

/** A filter inside another filter's configuration. It is checked by the schema of the filter that it names. */
export const filterElement = z.unknown().meta(filterPlace);
