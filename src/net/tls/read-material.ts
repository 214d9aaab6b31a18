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
import type { FilterList, ListenerTlsSpec, TlsFiles, TlsSpecs, UpstreamTlsSpec } from './tls-specs.ts';

const TICKET_KEY_BYTES = 48;
/** The first line of PEM that is no certificate. */
const otherBlock = /-----BEGIN (?!(?:TRUSTED |X509 )?CERTIFICATE-----)[A-Z0-9 ]+-----/;

/** Certificates with their keys, by certificate file. */
export type PairsByFile = ReadonlyMap<string, CertificatePair>;

export interface ReadMaterial {
  /** Null when one of the problems is an error. */
  readonly material: TlsMaterial | null;
  readonly problems: readonly TlsProblem[];
  /** What is wrong with files in whose place `serving` goes on. */
  readonly refused: readonly TlsProblem[];
  /** The pairs of `material`. */
  readonly pairs: PairsByFile;
}

interface ReadOptions {
  /** The lists of each filter that reads some. */
  readonly filterLists?: readonly (readonly FilterList[])[];
  /** The pairs in use. One stays when its files are broken now, so that this does not keep others from being renewed. */
  readonly serving?: PairsByFile;
}

/** Reports all problems at once. `now` is milliseconds since 1970. */
export function readTlsMaterial(
  specs: TlsSpecs,
  files: TlsFiles,
  now: number,
  { filterLists = [], serving = new Map() }: ReadOptions = {},
): ReadMaterial {
  const reader = new MaterialReader(files, now, serving);
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
  const { problems, refused, pairs } = reader;
  const isWrong = problems.some(({ severity }) => severity === 'error');
  const { revocationLists } = reader;
  const certificates = Array.from(reader.expiries, ([file, expiresAt]) => ({ file, expiresAt }));
  const material = isWrong ? null : { listeners, upstreams, certificates, revocationLists };
  return { material, problems, refused, pairs };
}

type Path = readonly (string | number)[];

class MaterialReader {
  readonly problems: TlsProblem[] = [];
  readonly refused: TlsProblem[] = [];
  readonly pairs = new Map<string, CertificatePair>();
  /** By file. */
  readonly expiries = new Map<string, number>();
  readonly revocationLists: DatedFile[] = [];
  private readonly files: TlsFiles;
  private readonly now: number;
  private readonly serving: PairsByFile;

  constructor(files: TlsFiles, now: number, serving: PairsByFile) {
    this.files = files;
    this.now = now;
    this.serving = serving;
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
        const pair = this.pairOfFiles(source.cert, source.key, [...place, 'cert'], [...place, 'key']);
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
    const pair = cert === null || key === null ? null : this.pairOfFiles(cert, key, [...at, 'cert'], [...at, 'key']);
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
    return pair;
  }

  private pairOfFiles(certFile: string, keyFile: string, certAt: Path, keyAt: Path): CertificatePair | null {
    return this.orServing(certFile, () => this.pair(certFile, keyFile, certAt, keyAt));
  }

  /** The pair that `read` gives or, when it fails, the one that serves of this file. Null without both, or when the file holds no pair. */
  private orServing(certFile: string, read: () => CertificatePair | null): CertificatePair | null {
    const before = this.problems.length;
    let pair = read();
    const serving = this.serving.get(certFile);
    if (pair === null && serving !== undefined && this.problems.length > before) {
      this.refused.push(...this.problems.splice(before));
      pair = serving;
    }
    if (pair !== null) {
      this.pairs.set(certFile, pair);
      this.noteExpiry(certFile, pair.expiresAt);
    }
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
      const file = path.join(folder, name);
      const pair = this.orServing(file, () => this.pairInFolder(file, keys.has(name.slice(0, -4)), at));
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

  private pairInFolder(file: string, hasKeyFile: boolean, at: Path): CertificatePair | null {
    const keyFile = `${file.slice(0, -4)}.key`;
    if (hasKeyFile) return this.pair(file, keyFile, at, at);
    const text = this.text(file, at);
    if (text === null) return null;
    if (hasKey(text)) return this.pair(file, file, at, at);
    this.withoutKey(file, text, at);
    return null;
  }

  /** An authority's file may have no key. For any other the key is still to come: until then its names would get another certificate. */
  private withoutKey(file: string, text: string, at: Path): void {
    const chain = certificatesOf(text);
    if (typeof chain === 'string') {
      // Lists of revoked certificates and parameters may lie in the folder as well. Anything else was to be a certificate.
      if (!otherBlock.test(text)) this.fail(at, `${file} ${chain}`);
      return;
    }
    const { ca, subjectAltName = '' } = chain[0]!;
    // A self-signed certificate says that it is an authority, but may still be meant for a name.
    if (ca && !subjectAltName.includes('DNS:')) return;
    this.fail(at, `${file} has no key beside it: expected ${path.basename(file).slice(0, -4)}.key`);
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
