// The configuration of the compress filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { size } from '../../base/schema/size.ts';

export const name = 'compress';

export const documentation =
  'Compresses responses with zstd, brotli or gzip, whichever the client prefers. Bodies stream: a response without an announced length (event streams, slow pages) is passed on piece by piece as it arrives. ' +
  'Not compressed are responses that are already encoded, partial (206), marked `no-transform`, shorter than `minimum`, or of a type that is not in `types`. A strong ETag becomes a weak one, Vary lists Accept-Encoding, and a HEAD gets the same head as a GET. ' +
  'Do not compress pages that contain both a secret and input of the caller: their length would reveal the secret (BREACH).';

/** Types of content that compress well. */
const defaultTypes = [
  'text/*',
  'application/json',
  'application/javascript',
  'application/x-javascript',
  'application/xml',
  'application/x-ndjson',
  'application/yaml',
  'application/wasm',
  'application/graphql',
  'application/x-www-form-urlencoded',
  'application/vnd.ms-fontobject',
  'font/ttf',
  'font/otf',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
  '*+json',
  '*+xml',
  '*+yaml',
];

const encoding = z.enum(['zstd', 'br', 'gzip']);

function level(least: number, most: number) {
  return z.int().min(least).max(most);
}

export const schema = z.strictObject({
  encodings: z
    .array(encoding)
    .min(1)
    .refine(list => new Set(list).size === list.length, 'an encoding is listed twice')
    .default(['zstd', 'br', 'gzip'])
    .describe(
      'Encodings to offer, the preferred one first; the order decides when the client accepts several equally.',
    ),
  minimum: size.prefault('1KiB').describe('Shortest body that is compressed, if its length is known in advance.'),
  types: z
    .array(
      z
        .string()
        .regex(
          /^(?:[a-zA-Z0-9!#$&^_.-]+\/(?:\*|[a-zA-Z0-9!#$&^_.+-]+)|\*\+[a-zA-Z0-9!#$&^_.-]+)$/,
          'expected a type such as application/json, text/* or *+json',
        ),
    )
    .min(1)
    .default(defaultTypes)
    .describe('Content types that are compressed: exact, `text/*`, or `*+json` for a suffix.'),
  levels: z
    .strictObject({
      zstd: level(1, 19).default(3).describe('1 (fast) to 19 (small).'),
      br: level(0, 11).default(4).describe('0 (fast) to 11 (small, very slow).'),
      gzip: level(1, 9).default(1).describe('1 (fast) to 9 (small).'),
    })
    .prefault({})
    .describe(
      'Compression level of each encoding. The defaults cost 50 µs (gzip) to 170 µs (brotli) for 20 KiB of JSON.',
    ),
  maxStreams: z
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe(
      'Long bodies that a worker compresses at the same time, up to a mebibyte of memory each at the default levels; beyond that, responses are sent uncompressed.',
    ),
});

export type CompressConfig = z.output<typeof schema>;
