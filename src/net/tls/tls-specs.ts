// What a configuration says about TLS, and the files that it names, as read-material.ts takes them. Types only.

import type { ClientTlsMaterial } from './tls-material.ts';

/** See `ListenerTlsConfig` in src/config/config.ts, to which this is structurally equal. */
export interface ListenerTlsSpec {
  readonly certificates: readonly ({ readonly cert: string; readonly key: string } | { readonly folder: string })[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: readonly string[];
  readonly clientAuth: {
    readonly ca: string;
    readonly crl: string | null;
    readonly mode: 'required' | 'optional';
    readonly forward: 'none' | 'x-forwarded-client-cert' | 'client-cert';
  } | null;
  readonly handshakeTimeoutMs: number;
  readonly handshakesMax: number;
  readonly sessionTickets: { readonly lifetimeMs: number; readonly keys: string | null };
}

/** See `UpstreamTlsConfig` in src/config/config.ts, to which this is structurally equal. */
export type UpstreamTlsSpec = Omit<ClientTlsMaterial, 'protocols'>;

/** The files and folders that were read, by path: the text or the file names, or why there are none. */
export interface TlsFiles {
  readonly texts: ReadonlyMap<string, string | { readonly error: string }>;
  readonly folders: ReadonlyMap<string, readonly string[] | { readonly error: string }>;
}

export interface TlsSpecs {
  readonly listeners: readonly { readonly tls: ListenerTlsSpec | null; readonly protocols: readonly string[] }[];
  readonly upstreams: readonly {
    readonly name: string;
    readonly tls: UpstreamTlsSpec | null;
    readonly protocol: 'http/1.1' | 'h2' | 'h2c' | 'auto';
  }[];
  /** `ca` is only checked here, and empty for none: the drivers of stores get its text with the configuration. */
  readonly stores: readonly { readonly name: string; readonly ca: string }[];
}

/** A text with revocation lists by which a filter refuses clients. */
export interface FilterList {
  /** The file as the document names it, or the place of the text, for messages. */
  readonly file: string;
  readonly text: string;
  readonly path: readonly (string | number)[];
}
