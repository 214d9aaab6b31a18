// Removes a body's content coding (RFC 9110 section 8.4), whole and synchronously: to compare responses after their clients were served.

import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

type Decode = (body: Buffer, limits: { readonly maxOutputLength: number }) => Buffer;

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/** Null for an unknown coding, for a body that is not in its coding, and for one that grows beyond `bytesMax` bytes. */
export function decodedBody(body: Buffer, coding: string, bytesMax: number): Buffer | null {
  if (coding === '' || body.length === 0) return body;
  try {
    return decoders.get(coding.toLowerCase())?.(body, { maxOutputLength: bytesMax }) ?? null;
  } catch {
    return null;
  }
}
