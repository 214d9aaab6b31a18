// What upstreams are told about the issuers of a client's certificate. Real handshakes are in test/e2e/tls.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { clientCertificateOf } from './client-certificate.ts';
import type { PeerCertificateFields } from './tls-handle.ts';

const root = new TestAuthority('Root');
const between = new TestAuthority('Between', root);
const liar = new TestAuthority('Between', root);
after(() => {
  for (const authority of [root, between, liar]) authority.remove();
});

const derOf = (text: string) => new X509Certificate(text).raw;
const own = derOf(readFileSync(between.issue('own').cert, 'utf8'));

/** The chain as a handle gives it, with the root as its own issuer. */
function peerOf(...chain: Buffer[]): PeerCertificateFields {
  const last: { raw: Buffer; issuerCertificate?: PeerCertificateFields } = { raw: chain.at(-1)! };
  last.issuerCertificate = last;
  return chain
    .slice(0, -1)
    .reduceRight<PeerCertificateFields>((above, raw) => ({ raw, issuerCertificate: above }), last);
}

function chainLine(peer: PeerCertificateFields): string | undefined {
  const { forwardedLines } = clientCertificateOf({ getPeerCertificate: () => peer }, own, 'client-cert');
  return /^Client-Cert-Chain: (.*)\r$/m.exec(forwardedLines)?.[1];
}

test('Client-Cert-Chain holds those who signed, without the root', () => {
  const issuer = derOf(between.caText);
  assert.equal(chainLine(peerOf(own, issuer, derOf(root.caText))), `:${issuer.toString('base64')}:`);
  assert.equal(chainLine({ raw: own }), undefined, 'after a resumption they may not be known');
});

test('nobody is named who only has the name of one that signed', () => {
  assert.equal(chainLine(peerOf(own, derOf(liar.caText), derOf(root.caText))), undefined);
});
