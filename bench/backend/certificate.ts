// The certificate that every proxy of the bench shows: ECDSA P-256, as on most web sites. Made anew for each run.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

export interface BenchCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificate and key in this folder with openssl. Throws when openssl fails. */
export function makeCertificate(folder: string): BenchCertificate {
  const files = { cert: path.join(folder, 'bench.pem'), key: path.join(folder, 'bench.key') };
  const run = (args: readonly string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  run(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', files.key]);
  const names = ['-subj', '/CN=api.example.com', '-addext', 'subjectAltName=DNS:api.example.com'];
  run(['req', '-x509', '-new', '-key', files.key, '-days', '90', '-out', files.cert, ...names]);
  return files;
}
