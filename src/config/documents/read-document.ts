// Reads the text of one file into settings. Decides which reader does it.

import { noPieces, type PieceCache } from '../load-cache.ts';
import { type CutDocument, readCut } from './cut-document.ts';
import { readJson } from './json.ts';
import { ReadError, readYaml } from './yaml.ts';

const uncut = { pieces: noPieces, places: new Map() } as const;

/** A map of settings; empty for an empty document. `pieces` is the cache of the file's last version. */
export function readDocument(text: string, file: string, pieces: PieceCache): CutDocument | ReadError {
  const isJson = file.endsWith('.json');
  const cut = isJson ? null : readCut(text, pieces);
  if (cut !== null) return cut;
  const outcome = isJson ? readJson(text) : readYaml(text);
  if (outcome instanceof ReadError) return outcome;
  const { value } = outcome;
  if (value === null) return { settings: {}, ...uncut };
  if (typeof value !== 'object' || Array.isArray(value)) {
    return new ReadError('expected a map of settings, such as `listeners:`, `upstreams:` and `routes:`', 0);
  }
  // Because: an object that is not a list is a map, and its keys are strings.
  return { settings: value as Readonly<Record<string, unknown>>, ...uncut };
}
