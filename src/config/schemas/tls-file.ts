// Paths of certificate, key, revocation list and database files, and of pages, in a document. Relative paths start at the folder of the document that
// names them. Reads none of the files.

import path from 'node:path';
import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { CertificateSource, ConfigFiles, ListenerTlsConfig, UpstreamTlsConfig } from '../config.ts';
import { absolutePages, routesWithPages } from '../error-page-files.ts';

/** Path of a file or folder; relative to the document until `withAbsoluteFiles` has resolved it. */
export const filePath = z.string(expected('the path of a file')).min(1, 'expected the path of a file, found ""');

/**
 * The same parts with absolute paths. `folderOf` gives the folder of the document with a path. Parts without files stay the same objects.
 */
export function withAbsoluteFiles<Parts extends ConfigFiles>(
  parts: Parts,
  folderOf: (path: readonly (string | number)[]) => string,
): Parts {
  return {
    ...parts,
    listeners: parts.listeners.map((listener, at) => {
      const { tls } = listener;
      return tls === null ? listener : { ...listener, tls: listenerFiles(tls, folderOf(['listeners', at, 'tls'])) };
    }),
    upstreams: parts.upstreams.map(upstream => {
      const { tls, discover } = upstream;
      const file = discover?.kind === 'file' ? discover : null;
      if (tls === null && file === null) return upstream;
      const at = ['upstreams', upstream.name];
      return {
        ...upstream,
        tls: tls === null ? null : upstreamFiles(tls, folderOf([...at, 'tls'])),
        ...(file !== null && {
          discover: { ...file, path: path.resolve(folderOf([...at, 'discover']), file.path) },
        }),
      };
    }),
    ...(parts.errorPages !== undefined && { errorPages: absolutePages(parts.errorPages, ['errorPages'], folderOf) }),
    routes: routesWithPages(parts.routes, folderOf),
    stores: parts.stores.map(store => {
      if (store.path === '' && store.ca === '') return store;
      const folder = folderOf(['stores', store.name]);
      const file = (named: string) => (named === '' ? '' : path.resolve(folder, named));
      return { ...store, path: file(store.path), ca: file(store.ca) };
    }),
  };
}

function listenerFiles(tls: ListenerTlsConfig, folder: string): ListenerTlsConfig {
  const { clientAuth, sessionTickets } = tls;
  return {
    ...tls,
    certificates: tls.certificates.map(
      (source): CertificateSource =>
        'folder' in source
          ? { folder: path.resolve(folder, source.folder) }
          : { cert: path.resolve(folder, source.cert), key: path.resolve(folder, source.key) },
    ),
    clientAuth: clientAuth && {
      ...clientAuth,
      ca: path.resolve(folder, clientAuth.ca),
      crl: absolute(clientAuth.crl, folder),
    },
    sessionTickets: { ...sessionTickets, keys: absolute(sessionTickets.keys, folder) },
  };
}

function upstreamFiles(tls: UpstreamTlsConfig, folder: string): UpstreamTlsConfig {
  const { ca, cert, key } = tls;
  return { ...tls, ca: absolute(ca, folder), cert: absolute(cert, folder), key: absolute(key, folder) };
}

function absolute(file: string | null, folder: string): string | null {
  return file === null ? null : path.resolve(folder, file);
}
