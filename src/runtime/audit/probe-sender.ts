// What a probe sends and what it gets back, independent of the protocol: the types, and how a response is read.

import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { BadCredential } from './bad-credentials.ts';
import type { SampleRequest } from './sample-request.ts';

/**
 * Stands in place of a refusal's code when the listener closed the connection because the client has no certificate: the TLS layer refuses,
 * without any HTTP response.
 */
export const NO_CERTIFICATE = 'client_certificate_required';

export const TIMEOUT_MS = 10_000;

export interface ProbedUrl {
  readonly url: URL;
  /** Accept any server certificate, for a gateway under test that has a self-signed one. */
  readonly insecure: boolean;
  /** Whether the listener refuses every client without a certificate. */
  readonly certificateRequired: boolean;
}

export interface Answer {
  readonly status: number;
  /** Whether the gateway itself made the response, according to Proxy-Status (RFC 9209) or the problem document. */
  readonly byGateway: boolean;
  /** Code of the gateway's refusal, or `NO_CERTIFICATE`; empty when the response is not a refusal by the gateway. */
  readonly code: string;
}

export interface ProbeSender {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Resolves with the answer, or with a sentence that says why there was none. */
  send(sample: SampleRequest, credential: BadCredential): Promise<Answer | string>;
}

export function targetOf({ rawPath, query }: SampleRequest, more: string): string {
  const all = [query, more].filter(each => each !== '').join('&');
  return all === '' ? rawPath : `${rawPath}?${all}`;
}

/** All header fields except Host, with names in lower case. */
export function fieldsOf({ headers, body }: SampleRequest, { fields }: BadCredential): [name: string, value: string][] {
  const all = [['accept', 'application/json'], ...headers, ...fields].map(
    ([name = '', value = '']): [string, string] => [name.toLowerCase(), value],
  );
  if (body !== '') all.push(['content-type', 'application/json'], ['content-length', String(Buffer.byteLength(body))]);
  return all;
}

/**
 * Where to connect, and a certificate check for probes whose host is made up: a certificate is accepted when it is valid for the gateway's
 * address or for the probed host.
 */
export function gatewayAt(url: URL) {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const checkIdentity = (name: string, certificate: PeerCertificate) => {
    const error = checkServerIdentity(hostname, certificate);
    return error === undefined ? undefined : checkServerIdentity(name, certificate) && error;
  };
  return { hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)), checkIdentity };
}

export function answerOf(status: number, proxyStatus: string | undefined, body: string): Answer {
  // Because: a filter may remove Proxy-Status from responses.
  const isProblem = body.startsWith('{"type":"https://cardea.dev/errors#');
  const byGateway = isProblem || /(^|,\s*)cardea\b/.test(proxyStatus ?? '');
  return { status, byGateway, code: byGateway ? (/"code":"([a-z0-9_]+)"/.exec(body)?.[1] ?? '') : '' };
}
