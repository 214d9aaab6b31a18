// A secret that stands where something else belongs appears in no error: neither as the value found, nor in the line of the document.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { validate } from '../../../src/cli/validate.ts';
import { runHere } from '../../support/command-here.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-secrets-'));
after(() => rmSync(folder, { recursive: true }));

const document = `listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { users: { endpoints: [http://10.0.0.1:8080] } }
consumers:
  - name: acme
    keys:
      - s3cr3t-of-acme
stores:
  main:
    url:
      - redis://:s3cr3t-of-redis@h
routes:
  - name: users
    filters:
      - jwt:
          audience: any
          keys:
            secret:
              - s3cr3t-of-jwt
      - basic:
          users:
            - ann:s3cr3t-of-ann
            - name: bob
              password: >-
                s3cr3t-of-bob
      - oidc:
          issuer: https://idp.example.com
          clientId: app
          session:
            keys:
              - s3cr3t-of-oidc
      - signature:
          scheme: aws4
          region: eu-1
          service: api
          keys:
            - s3cr3t-of-aws
    to: users
`;

test('no error shows a secret that was written in the wrong form', async () => {
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(file, document);
  const { code, said } = await runHere(validate, '-c', file);
  assert.equal(code, 1);
  assert.equal(said.match(/: error: /g)?.length, 7, said);
  assert.doesNotMatch(said, /s3cr3t/);
  const { said: asJson } = await runHere(validate, '-c', file, '--json');
  assert.doesNotMatch(asJson, /s3cr3t/);
});
