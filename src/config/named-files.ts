// Reads the files that a checked configuration names and that belong to it: certificates, keys, lists of revoked certificates, pages. They
// are read once per load, so that the checks, the running gateway and the version all go by the same bytes.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { ConfigFiles } from './config.ts';
import { readFailure, readSmallFile } from './documents/expand.ts';
import { pageFilesOf } from './error-page-files.ts';
import type { StoreConfig } from './store-config.ts';

/** The files that a configuration names. `texts` has by absolute path the text of a file, or why it cannot be read. */
export interface NamedFiles {
  readonly texts: ReadonlyMap<string, string | { readonly error: string }>;
  /** By absolute path of a folder: the sorted names of files in it that may be certificates or keys, or why it cannot be read. */
  readonly folders: ReadonlyMap<string, readonly string[] | { readonly error: string }>;
}

/** Names of the files in a certificate folder that are read. */
const certificateFile = /\.(pem|crt|key)$/;

/** Reads the files. Never throws because of them. Paths have to be absolute. */
export function readNamedFiles(config: ConfigFiles): NamedFiles {
  const { listeners, upstreams, stores } = config;
  const texts = new Map<string, string | { readonly error: string }>();
  const folders = new Map<string, readonly string[] | { readonly error: string }>();
  const add = (file: string | null) => {
    if (file !== null && !texts.has(file)) texts.set(file, readSmallFile(file));
  };
  for (const { tls } of listeners) {
    for (const source of tls?.certificates ?? []) {
      if ('cert' in source) {
        add(source.cert);
        add(source.key);
      } else {
        const names = namesIn(source.folder);
        folders.set(source.folder, names);
        for (const name of 'error' in names ? [] : names) add(path.join(source.folder, name));
      }
    }
    add(tls?.clientAuth?.ca ?? null);
    add(tls?.clientAuth?.crl ?? null);
    add(tls?.sessionTickets.keys ?? null);
  }
  for (const { tls } of upstreams) {
    add(tls?.ca ?? null);
    add(tls?.cert ?? null);
    add(tls?.key ?? null);
  }
  for (const { ca } of stores) add(ca === '' ? null : ca);
  for (const file of pageFilesOf(config).keys()) add(file);
  return { texts, folders };
}

/** Gives each store that names a `ca` file the text of this file. Stores without files stay the same objects. */
export function withAuthorities(stores: readonly StoreConfig[], { texts }: NamedFiles): readonly StoreConfig[] {
  return stores.map(store => {
    const authorities = texts.get(store.ca);
    return typeof authorities === 'string' ? { ...store, authorities } : store;
  });
}

/** What has to be watched: the files, and for each folder the name `*` in it, which no file has. */
export function watchedNames({ texts, folders }: NamedFiles): string[] {
  return [...texts.keys(), ...Array.from(folders.keys(), folder => path.join(folder, '*'))];
}

function namesIn(folder: string): readonly string[] | { readonly error: string } {
  try {
    return readdirSync(folder)
      .filter(name => certificateFile.test(name) && !name.startsWith('.'))
      .sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { error: `there is no folder ${folder}` };
    if (code === 'ENOTDIR') return { error: `${folder} is not a folder` };
    return { error: readFailure(folder, error) };
  }
}
