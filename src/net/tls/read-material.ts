// Makes checked TLS material of the files that a configuration names: pairs certificates with keys, makes sure that each name has
// one certificate, and reports all problems with their place in the document. Opens no files.

import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { nameProblems, type PlacedPair } from './certificate-names.ts';
import { cipherList } from './cipher-list.ts';
import { certificatesOf, expiryWarning, hasKey, readAuthorities, readCertificate } from './read-certificate.ts';
import { expiriesOf, type RevocationDates, revocationDates, revocationWarning } from './revocation-dates.ts';
import type {
  CertificatePair,
  ClientTlsMaterial,
  DatedFile,
  ServerTlsMaterial,
  TicketKeys,
  TlsMaterial,
  TlsProblem,
} from './tls-material.ts';

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

const TICKET_KEY_BYTES = 48;

/**
 * Reports all problems at once; `material` is null when one of them is an error. `now` is milliseconds since 1970. `filterLists` has the
 * lists of each filter that reads some.
 */
export function readTlsMaterial(
  specs: TlsSpecs,
  files: TlsFiles,
  now: number,
  filterLists: readonly (readonly FilterList[])[] = [],
): { readonly material: TlsMaterial | null; readonly problems: readonly TlsProblem[] } {
  const reader = new MaterialReader(files, now);
  const listeners = specs.listeners.map(({ tls, protocols }, at) =>
    tls === null ? null : reader.listener(tls, protocols, ['listeners', at, 'tls']),
  );
  const upstreams = new Map<string, ClientTlsMaterial>();
  for (const { name, tls, protocol } of specs.upstreams) {
    if (tls === null) continue;
    const protocols = protocol === 'auto' ? ['h2', 'http/1.1'] : [protocol === 'h2' ? 'h2' : 'http/1.1'];
    upstreams.set(name, reader.upstream(tls, protocols, ['upstreams', name, 'tls']));
  }
  for (const { name, ca } of specs.stores) if (ca !== '') reader.authorities(ca, ['stores', name, 'ca']);
  for (const lists of filterLists) reader.filterLists(lists);
  const { problems } = reader;
  const isWrong = problems.some(({ severity }) => severity === 'error');
  const { revocationLists } = reader;
  const certificates = Array.from(reader.expiries, ([file, expiresAt]) => ({ file, expiresAt }));
  return { material: isWrong ? null : { listeners, upstreams, certificates, revocationLists }, problems };
}

type Path = readonly (string | number)[];

class MaterialReader {
  readonly problems: TlsProblem[] = [];
  /** By file. */
  readonly expiries = new Map<string, number>();
  readonly revocationLists: DatedFile[] = [];
  private readonly files: TlsFiles;
  private readonly now: number;

  constructor(files: TlsFiles, now: number) {
    this.files = files;
    this.now = now;
  }

  authorities(file: string, at: Path): string {
    const text = this.text(file, at);
    if (text === null) return '';
    const { problem, expiresAt } = readAuthorities(text, this.now);
    if (problem !== '') this.fail(at, `${file} ${problem}`);
    else {
      this.noteExpiry(file, expiresAt);
      const warning = expiryWarning(expiresAt, this.now);
      if (warning !== '')
        this.problems.push({ path: at, message: `${file}: its last authority ${warning}`, severity: 'warning' });
    }
    return text;
  }

  listener(spec: ListenerTlsSpec, protocols: readonly string[], at: Path): ServerTlsMaterial {
    const found: PlacedPair[] = [];
    for (const [index, source] of spec.certificates.entries()) {
      const place = [...at, 'certificates', index];
      if ('cert' in source) {
        const pair = this.pair(source.cert, source.key, [...place, 'cert'], [...place, 'key']);
        if (pair !== null) found.push({ pair, at: [...place, 'cert'] });
      } else {
        const folder = [...place, 'folder'];
        for (const pair of this.folder(source.folder, folder)) found.push({ pair, at: folder });
      }
    }
    this.problems.push(...nameProblems(found));
    const { clientAuth, sessionTickets } = spec;
    return {
      certificates: found.map(({ pair }) => pair),
      minVersion: spec.minVersion,
      ciphers: cipherList(spec.ciphers, (index, message) => this.fail([...at, 'ciphers', index], message)),
      protocols: protocols.filter(protocol => protocol !== 'h2c'),
      clientAuth: clientAuth && {
        ca: this.authorities(clientAuth.ca, [...at, 'clientAuth', 'ca']),
        crl: clientAuth.crl === null ? null : this.revocations(clientAuth.crl, [...at, 'clientAuth', 'crl']),
        required: clientAuth.mode === 'required',
        forward: clientAuth.forward,
      },
      handshakeTimeoutMs: spec.handshakeTimeoutMs,
      handshakesMax: spec.handshakesMax,
      ticketLifetimeMs: sessionTickets.lifetimeMs,
      ticketKeys:
        sessionTickets.keys === null ? null : this.ticketKeys(sessionTickets.keys, [...at, 'sessionTickets', 'keys']),
    };
  }

  upstream(
    { ca, cert, key, serverName, verify }: UpstreamTlsSpec,
    protocols: readonly string[],
    at: Path,
  ): ClientTlsMaterial {
    const pair = cert === null || key === null ? null : this.pair(cert, key, [...at, 'cert'], [...at, 'key']);
    if (!verify) {
      const message =
        'certificates of this upstream are not verified: anyone in between can read and change everything';
      this.problems.push({ path: [...at, 'dangerouslySkipVerification'], message, severity: 'warning' });
    }
    return {
      ca: ca === null ? null : this.authorities(ca, [...at, 'ca']),
      cert: pair?.cert ?? null,
      key: pair?.key ?? null,
      serverName,
      verify,
      protocols,
    };
  }

  private pair(certFile: string, keyFile: string, certAt: Path, keyAt: Path): CertificatePair | null {
    const cert = this.text(certFile, certAt);
    const key = this.text(keyFile, keyAt);
    if (cert === null || key === null) return null;
    const { pair, flaws } = readCertificate({ certFile, cert, keyFile, key }, this.now);
    for (const { about, message, severity } of flaws) {
      this.problems.push({ path: about === 'cert' ? certAt : keyAt, message, severity });
    }
    if (pair !== null) this.noteExpiry(certFile, pair.expiresAt);
    return pair;
  }

  private noteExpiry(file: string, expiresAt: number): void {
    this.expiries.set(file, Math.min(expiresAt, this.expiries.get(file) ?? Number.POSITIVE_INFINITY));
  }

  private folder(folder: string, at: Path): CertificatePair[] {
    const names = this.files.folders.get(folder) ?? { error: `${folder} was not read` };
    if ('error' in names) {
      this.fail(at, names.error);
      return [];
    }
    const keys = new Set(names.filter(name => name.endsWith('.key')).map(name => name.slice(0, -4)));
    const certs = names.filter(name => !name.endsWith('.key'));
    const pairs: CertificatePair[] = [];
    for (const name of certs) {
      const stem = name.slice(0, -4);
      const file = path.join(folder, name);
      const text = this.files.texts.get(file);
      const isCombined = typeof text === 'string' && hasKey(text);
      if (!keys.has(stem) && !isCombined) {
        this.withoutKey(file, stem, at);
        continue;
      }
      const pair = this.pair(file, keys.has(stem) ? path.join(folder, `${stem}.key`) : file, at, at);
      if (pair !== null) pairs.push(pair);
    }
    for (const stem of keys) {
      if (!certs.some(name => name.slice(0, -4) === stem)) {
        const message = `${path.join(folder, `${stem}.key`)} has no certificate beside it: expected ${stem}.pem or ${stem}.crt`;
        this.problems.push({ path: at, message, severity: 'warning' });
      }
    }
    if (pairs.length === 0 && keys.size === 0) {
      this.fail(at, `${folder} holds no certificate with a key: expected pairs such as api.pem and api.key`);
    }
    return pairs;
  }

  /** An authority's file may have no key. For any other the key is still to come: until then its names would get another certificate. */
  private withoutKey(file: string, stem: string, at: Path): void {
    const text = this.files.texts.get(file);
    const chain = typeof text === 'string' ? certificatesOf(text) : '';
    if (typeof chain === 'string') return;
    const { ca, subjectAltName = '' } = chain[0]!;
    // A self-signed certificate says that it is an authority, but may still be meant for a name.
    if (ca && !subjectAltName.includes('DNS:')) return;
    this.fail(at, `${file} has no key beside it: expected ${stem}.key`);
  }

  private revocations(file: string, at: Path): string {
    const text = this.text(file, at);
    if (text === null) return '';
    try {
      if (!text.includes('-----BEGIN X509 CRL-----')) throw new Error('no list');
      createSecureContext({ crl: text });
    } catch {
      this.fail(at, `${file} is not a list of revoked certificates: expected -----BEGIN X509 CRL-----`);
      return text;
    }
    this.noteRevocations(file, revocationDates(text), at);
    return text;
  }

  /** Notes the lists of one filter, which reads them itself. */
  filterLists(lists: readonly FilterList[]): void {
    const expiries = expiriesOf(lists.map(({ text }) => text));
    for (const [at, { file, path: place }] of lists.entries())
      this.noteRevocations(file, { validFrom: -Infinity, expiresAt: expiries[at]! }, place);
  }

  private noteRevocations(file: string, dates: RevocationDates, at: Path): void {
    if (dates.expiresAt !== Infinity && this.revocationLists.every(each => each.file !== file))
      this.revocationLists.push({ file, expiresAt: dates.expiresAt });
    const warning = revocationWarning(dates, this.now);
    // Not an error: nobody is admitted wrongly, and changes of anything else must not wait for the authority.
    if (warning !== '') this.problems.push({ path: at, message: `${file} ${warning}`, severity: 'warning' });
  }

  private ticketKeys(file: string, at: Path): TicketKeys {
    const text = this.text(file, at);
    if (text === null) return [];
    const keys = text.split(/\s+/).filter(line => line !== '');
    const isKey = (key: string) => /^[A-Za-z0-9+/]{64}$/.test(key);
    if (keys.length === 0 || !keys.every(isKey)) {
      this.fail(
        at,
        `${file} contains something other than ticket keys: expected ${TICKET_KEY_BYTES} bytes in base64 per line`,
      );
    }
    return keys;
  }

  private text(file: string, at: Path): string | null {
    const text = this.files.texts.get(file) ?? { error: `${file} was not read` };
    if (typeof text === 'string') return text;
    this.fail(at, text.error);
    return null;
  }

  private fail(at: Path, message: string): void {
    this.problems.push({ path: at, message, severity: 'error' });
  }
}
