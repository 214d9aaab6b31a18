// Tokens for the bench: RS256 with a key made anew for each run. The proxies get the public key as a file in their folder.

import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export const issuer = 'https://idp.example.com';
export const audience = 'orders-api';

/** Name of the file in a peer's folder that has the public key. */
export const publicKeyFile = 'token-key.pem';

export const apiKey = 'bench-key-5f1d0c7a9be24e3c';
export const apiKeyHash = createHash('sha256').update(apiKey).digest('hex');

const lifeSeconds = 6 * 3600;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A token whose subject is made from `number`. About 700 letters long, as the tokens of common providers. */
export function makeToken(number: number, key: KeyObject = privateKey, lifeS = lifeSeconds): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'RS256', typ: 'JWT', kid: 'bench' };
  const claims = {
    iss: issuer,
    aud: audience,
    sub: `user-${number}`,
    iat: now - 60,
    exp: now + lifeS,
    scope: 'orders:read orders:write profile',
    azp: 'web-shop',
    sid: createHash('sha256').update(String(number)).digest('hex').slice(0, 32),
  };
  const signed = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

/** A valid head and body with a signature by another key. */
export function forgedToken(number: number): string {
  return makeToken(number, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
}

export function writePublicKey(folder: string): void {
  writeFileSync(path.join(folder, publicKeyFile), publicKeyPem());
}

export function publicKeyPem(): string {
  return publicKey.export({ type: 'spki', format: 'pem' });
}

/** Writes `count` tokens of different subjects, one a line. Takes about a millisecond for each. */
export function writeTokens(file: string, count: number): void {
  writeFileSync(file, Array.from({ length: count }, (_, i) => `${makeToken(i)}\n`).join(''));
}
