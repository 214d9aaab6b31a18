// Proves on a running gateway what the audit says: every route that is not public refuses who brings nothing, or something bad.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { AuditedRoute } from './audit-report.ts';
import { type BadCredential, badCredentials, badTokens, credentialAt, type KeyPlaces } from './bad-credentials.ts';
import type { SampleRequest } from './sample-request.ts';
import { encodings } from './variants.ts';

const TIMEOUT_MS = 10_000;

/** In place of a refusal's code, where the listener let nobody in who brings no certificate: it closes, and says nothing in HTTP. */
export const NO_CERTIFICATE = 'client_certificate_required';

export interface ProbeOptions {
  readonly url: URL;
  /** Take any certificate: for a gateway under test with one of its own. */
  readonly insecure: boolean;
  readonly keyPlaces: KeyPlaces;
  /** The listener there takes nobody without a client certificate. */
  readonly certificateRequired: boolean;
}

export interface ProbeResult {
  readonly route: string;
  /** What was sent. */
  readonly probe: string;
  readonly request: string;
  /** 0 when there was no answer. */
  readonly status: number;
  /** Of the gateway's refusal, or `NO_CERTIFICATE`; empty for an answer that is none. */
  readonly code: string;
  readonly ok: boolean;
  /** Why not. */
  readonly message: string;
}

interface Answer {
  readonly status: number;
  /** The gateway made the answer itself (RFC 9209). */
  readonly byGateway: boolean;
  readonly code: string;
}

/** Asks about each route in turn, so that a small gateway is not flooded. */
export async function probeRoutes(routes: readonly AuditedRoute[], options: ProbeOptions): Promise<ProbeResult[]> {
  const { keyPlaces } = options;
  const tokens = badTokens();
  const credentials = badCredentials(keyPlaces, tokens);
  const results: ProbeResult[] = [];
  for (const { name, public: open, samples } of routes) {
    const [sample, ...others] = samples;
    if (open || sample === undefined) continue;
    // Because: a token where nobody looks for one is no credential at all.
    const places = ['', name].flatMap(owner => keyPlaces.ofRoutes.get(owner) ?? []);
    const elsewhere = places.flatMap(place => tokens.map(([what, token]) => credentialAt(what, token, place)));
    for (const credential of [...credentials, ...elsewhere]) {
      results.push(verdict(name, credential.name, sample, await send(sample, credential, options), isRefusal));
    }
    for (const request of others) {
      const answer = await send(request, credentials[0]!, options);
      results.push(verdict(name, `${credentials[0]!.name}, another request for it`, request, answer, isRefusal));
    }
    for (const rawPath of encodings(sample.rawPath)) {
      const request = { ...sample, rawPath };
      const answer = await send(request, credentials[0]!, options);
      results.push(verdict(name, 'another way to write the path', request, answer, keepsOut));
    }
  }
  return results;
}

/** 401 or 403; 429 where wrong credentials are held back before they are looked at. */
function isRefusal({ status, code }: Answer): string {
  if (status === 401 || status === 403 || code === 'too_many_failed_logins' || code === NO_CERTIFICATE) return '';
  return `expected 401 or 403, got ${status}`;
}

/** A path that may be another resource, or none: whatever the gateway says, no upstream may have been asked. */
function keepsOut(answer: Answer): string {
  if (isRefusal(answer) === '' || (answer.byGateway && answer.status >= 400)) return '';
  return `it was let through: ${answer.status}`;
}

function verdict(
  route: string,
  probe: string,
  sample: SampleRequest,
  answer: Answer | string,
  judge: (answer: Answer) => string,
): ProbeResult {
  const message = typeof answer === 'string' ? answer : judge(answer);
  const status = typeof answer === 'string' ? 0 : answer.status;
  return {
    route,
    probe,
    request: `${sample.method} ${sample.host}${sample.rawPath}`,
    status,
    code: typeof answer === 'string' ? '' : answer.code,
    ok: message === '',
    message,
  };
}

/** The answer, or why there was none. */
function send(
  sample: SampleRequest,
  { fields, query: more }: BadCredential,
  { url, insecure, certificateRequired }: ProbeOptions,
): Promise<Answer | string> {
  const secure = url.protocol === 'https:';
  const headers: string[] = ['host', sample.host, 'accept', 'application/json', 'connection', 'close'];
  for (const [name, value] of [...sample.headers, ...fields]) headers.push(name, value);
  if (sample.body !== '')
    headers.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(sample.body)));
  const query = [sample.query, more].filter(each => each !== '').join('&');
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  // Because: hosts are made up for routes that name none, and the gateway's certificate is for the name by which it was called.
  const isGateway = (name: string, certificate: PeerCertificate) => {
    const error = checkServerIdentity(hostname, certificate);
    return error === undefined ? undefined : checkServerIdentity(name, certificate) && error;
  };
  return new Promise(resolve => {
    let isSecure = false;
    const request = (secure ? httpsRequest : httpRequest)(
      {
        host: hostname,
        port: url.port === '' ? (secure ? 443 : 80) : url.port,
        method: sample.method,
        path: query === '' ? sample.rawPath : `${sample.rawPath}?${query}`,
        headers,
        agent: false,
        timeout: TIMEOUT_MS,
        ...(secure && { servername: sample.host, checkServerIdentity: isGateway, rejectUnauthorized: !insecure }),
      },
      response => read(response).then(resolve, (error: Error) => resolve(`the answer broke off: ${error.message}`)),
    );
    request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)));
    request.on('socket', socket => socket.once('secureConnect', () => (isSecure = true)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      // With TLS 1.3 the client is through before the server has looked for a certificate.
      const isShut = certificateRequired && isSecure && error.code === 'ECONNRESET';
      resolve(isShut ? { status: 0, byGateway: true, code: NO_CERTIFICATE } : `no answer: ${error.message}`);
    });
    request.end(sample.body);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  let body = '';
  response.setEncoding('latin1');
  for await (const piece of response as AsyncIterable<string>) if (body.length < 65_536) body += piece;
  const proxyStatus = response.headers['proxy-status'];
  const code = /"code":"([a-z0-9_]+)"/.exec(body)?.[1] ?? '';
  return { status: response.statusCode ?? 0, byGateway: proxyStatus !== undefined, code };
}
