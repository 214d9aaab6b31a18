// What `cardea validate` says of the store for revoked tokens when there is none of that name, or none of that kind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const command = path.join(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-revocation-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of a configuration whose tokens are revoked in the store `name`, where `main` is a store at `url`. */
function told(name: string, url: string) {
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { api: { endpoints: ["http://127.0.0.1:9"] } }
stores: { main: { url: "${url}" } }
routes:
  - name: api
    filters:
      - jwt:
          issuer: https://idp.example.com
          audience: api
          revocation:
            store: ${name}
    to: api
`,
  );
  const { status, stderr } = spawnSync(command, ['validate', '-c', file], { encoding: 'utf8' });
  return { status, said: stderr };
}

test('a store of revoked tokens that does not exist is told where it is named, and one that is no Redis is told so', () => {
  const redis = 'redis://127.0.0.1:1';
  assert.equal(told('main', redis).status, 0);
  const missing = told('mian', redis);
  assert.equal(missing.status, 1);
  assert.match(missing.said, /cardea\.yaml:11:20: error: there is no store "mian"; did you mean "main"\?/);
  const other = told('main', `sqlite:${path.join(folder, 'keys.db')}`);
  assert.equal(other.status, 1);
  assert.match(other.said, /error: revocation: the store "main" is no Redis/);
});
