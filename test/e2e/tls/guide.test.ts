// The configurations that the guide to TLS shows are accepted, with certificates where it says they are.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const authority = new TestAuthority();
after(() => authority.remove());

const certs = authority.path('certs');
mkdirSync(path.join(certs, 'more'), { recursive: true });
for (const [name, to] of [
  ['api', 'api'],
  ['gateway', 'gateway'],
  ['other', 'more/other'],
] as const) {
  const { cert, key } = authority.issue(name, { names: [`DNS:${name}.test`] });
  copyFileSync(cert, path.join(certs, `${to}.pem`));
  copyFileSync(key, path.join(certs, `${to}.key`));
}
for (const name of ['ca', 'partners']) copyFileSync(authority.ca, path.join(certs, `${name}.pem`));
copyFileSync(authority.revoke(), path.join(certs, 'partners.crl'));
writeFileSync(path.join(certs, 'tickets'), `${randomBytes(48).toString('base64')}\n`);

const guide = readFileSync(path.join(root, 'docs/guide/tls.md'), 'utf8');
const shown = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(match => match[1]!);

test('the guide shows several', () => assert.ok(shown.length >= 3));

for (const [at, text] of shown.entries()) {
  test(`configuration ${at + 1}`, async () => {
    const file = authority.path(`${at}.yaml`);
    const rest = text.includes('routes:') ? '' : 'routes: [{ name: any, to: { reply: { status: 204 } } }]\n';
    writeFileSync(file, text + rest);
    const said = await new Promise<string>(resolve => {
      execFile(path.join(root, 'bin/cardea'), ['validate', '-c', file], (error, stdout, stderr) =>
        resolve(error === null ? 'ok' : stdout + stderr),
      );
    });
    assert.equal(said, 'ok');
  });
}
