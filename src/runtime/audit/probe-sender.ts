// What a probe sends and what it hears, whichever protocol carries it. Shapes, and how an answer is read.

import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { BadCredential } from './bad-credentials.ts';
import type { SampleRequest } from './sample-request.ts';

/** In place of a refusal's code, where the listener let nobody in who brings no certificate: it closes, and says nothing in HTTP. */
export const NO_CERTIFICATE = 'client_certificate_required';

export const TIMEOUT_MS = 10_000;

export interface ProbedUrl {
  readonly url: URL;
  /** Take any certificate: for a gateway under test with one of its own. */
  readonly insecure: boolean;
  /** The listener there takes nobody without a client certificate. */
  readonly certificateRequired: boolean;
}

export interface Answer {
  readonly status: number;
  /** The gateway made the answer itself (RFC 9209). */
  readonly byGateway: boolean;
  /** Of the gateway's refusal, or `NO_CERTIFICATE`; empty for an answer that is none. */
  readonly code: string;
}

export interface ProbeSender {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** The answer, or why there was none. */
  send(sample: SampleRequest, credential: BadCredential): Promise<Answer | string>;
}

export function targetOf({ rawPath, query }: SampleRequest, more: string): string {
  const all = [query, more].filter(each => each !== '').join('&');
  return all === '' ? rawPath : `${rawPath}?${all}`;
}

/** Fields beside the host. */
export function fieldsOf({ headers, body }: SampleRequest, { fields }: BadCredential): [name: string, value: string][] {
  const all = [['accept', 'application/json'], ...headers, ...fields].map(
    ([name = '', value = '']): [string, string] => [name.toLowerCase(), value],
  );
  if (body !== '') all.push(['content-type', 'application/json'], ['content-length', String(Buffer.byteLength(body))]);
  return all;
}

/** `hostname` and a check of its certificate, for hosts that are made up: the certificate is for the name by which it was called. */
export function gatewayAt(url: URL) {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const checkIdentity = (name: string, certificate: PeerCertificate) => {
    const error = checkServerIdentity(hostname, certificate);
    return error === undefined ? undefined : checkServerIdentity(name, certificate) && error;
  };
  return { hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)), checkIdentity };
}

export function answerOf(status: number, proxyStatus: string | undefined, body: string): Answer {
  // Because: a filter may take Proxy-Status out of answers.
  const isProblem = body.startsWith('{"type":"https://cardea.dev/errors#');
  const byGateway = isProblem || /(^|,\s*)cardea\b/.test(proxyStatus ?? '');
  return { status, byGateway, code: byGateway ? (/"code":"([a-z0-9_]+)"/.exec(body)?.[1] ?? '') : '' };
}
