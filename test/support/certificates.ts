// Certificates for tests, made by openssl on request: an authority, certificates that it signs, and deliberately faulty ones.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface CertificateWish {
  /** Common name; the first DNS name when left out. */
  readonly name?: string;
  /** Whether the subject is empty. */
  readonly nameless?: boolean;
  /** Entries of the subject alternative name, as openssl writes them: `DNS:api.test`, `URI:spiffe://x/y`. */
  readonly names?: readonly string[];
  readonly key?: 'ec' | 'rsa' | 'rsa1024';
  /** Days until expiry, possibly a fraction; a negative number has expired. */
  readonly days?: number;
  readonly digest?: 'sha256' | 'sha1';
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority in its own folder: a root, or an intermediate signed by `issuer`. With `keyOf` it has the key of that authority. */
export class TestAuthority {
  readonly folder: string;
  /** Path of the authority's certificate. */
  readonly ca: string;
  private readonly caKey: string;
  private serial = 1;

  constructor(name = 'Test CA', issuer: TestAuthority | null = null, keyOf: TestAuthority | null = null) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'cardea-certs-'));
    this.ca = this.path('ca.pem');
    this.caKey = this.path('ca.key');
    if (keyOf === null) openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', this.caKey]);
    else copyFileSync(keyOf.caKey, this.caKey);
    const constraints = [
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    ];
    const request = ['req', '-new', '-key', this.caKey, '-subj', `/CN=${name}`];
    if (issuer === null) openssl([...request, '-x509', '-days', '400', '-out', this.ca, ...constraints]);
    else {
      openssl([...request, '-out', this.path('ca.csr'), ...constraints]);
      const by = ['-CA', issuer.ca, '-CAkey', issuer.caKey, '-set_serial', String(++issuer.serial)];
      const own = ['-in', this.path('ca.csr'), '-out', this.ca, '-days', '400', '-copy_extensions', 'copy'];
      openssl(['x509', '-req', ...own, ...by]);
    }
    writeFileSync(this.path('index.txt'), '');
    writeFileSync(this.path('crlnumber'), '01\n');
    writeFileSync(
      this.path('ca.cnf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${this.path('index.txt')}\ncrlnumber=${this.path('crlnumber')}\ndefault_md=sha256\ndefault_crl_days=30\n`,
    );
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** Makes `<file>.pem` and `<file>.key`; an existing pair is replaced. */
  issue(
    file: string,
    { names = [], name, nameless = false, key = 'ec', days = 365, digest = 'sha256' }: CertificateWish = {},
  ): CertificateFiles {
    const files = { cert: this.path(`${file}.pem`), key: this.path(`${file}.key`) };
    if (key === 'ec') openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', files.key]);
    else openssl(['genrsa', '-out', files.key, key === 'rsa' ? '2048' : '1024']);
    const common = name ?? names.find(each => each.startsWith('DNS:'))?.slice(4) ?? file;
    const request = this.path(`${file}.csr`);
    openssl(['req', '-new', '-key', files.key, '-subj', nameless ? '/' : `/O=Cardea/CN=${common}`, '-out', request]);
    const extensions = this.path(`${file}.ext`);
    writeFileSync(
      extensions,
      `${names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`}basicConstraints=CA:FALSE\n`,
    );
    const from = new Date(Date.now() - 400 * 86_400_000);
    const to = new Date(Date.now() + days * 86_400_000);
    const exact = days < 0 || !Number.isInteger(days);
    const dates = exact ? this.datesOf(from, to) : ['-days', String(days)];
    const signed = [
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      this.ca,
      '-CAkey',
      this.caKey,
      '-set_serial',
      String(++this.serial),
    ];
    if (exact) this.signWithDates(request, files.cert, extensions, dates, digest);
    else openssl([...signed, ...dates, `-${digest}`, '-extfile', extensions, '-out', files.cert]);
    return files;
  }

  /** Makes a revocation list (CRL) with these certificates; returns its path. */
  revoke(...certs: readonly string[]): string {
    const base = ['ca', '-config', this.path('ca.cnf'), '-cert', this.ca, '-keyfile', this.caKey];
    for (const cert of certs) openssl([...base, '-revoke', cert]);
    const crl = this.path('crl.pem');
    openssl([...base, '-gencrl', '-out', crl]);
    return crl;
  }

  /** Makes a revocation list as `revoke` does, that is valid between these times; returns its text. */
  listBetween(from: Date, to: Date): string {
    const out = this.path('dated.crl');
    const base = ['ca', '-config', this.path('ca.cnf'), '-cert', this.ca, '-keyfile', this.caKey];
    const time = (date: Date) => date.toISOString().replace(/[-:T]|\.\d+/g, '');
    openssl([...base, '-gencrl', '-crl_lastupdate', time(from), '-crl_nextupdate', time(to), '-out', out]);
    return readFileSync(out, 'utf8');
  }

  get caText(): string {
    return readFileSync(this.ca, 'utf8');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private datesOf(from: Date, to: Date): string[] {
    const text = (date: Date) => `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
    return ['-startdate', text(from), '-enddate', text(to)];
  }

  /** `openssl x509` of Debian 12 cannot sign with dates in the past; `openssl ca` can. */
  private signWithDates(request: string, cert: string, extensions: string, dates: string[], digest: string): void {
    const config = this.path('sign.cnf');
    writeFileSync(this.path('sign-index.txt'), '');
    writeFileSync(
      config,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${this.path('sign-index.txt')}\nnew_certs_dir=${this.folder}\nrand_serial=yes\ndefault_md=${digest}\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\norganizationName=optional\n`,
    );
    const to = ['-in', request, '-out', cert, '-extfile', extensions, '-notext', '-batch'];
    openssl(['ca', '-config', config, '-cert', this.ca, '-keyfile', this.caKey, ...dates, ...to]);
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
