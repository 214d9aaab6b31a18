// Sends probes over HTTP/2 with the gateway's own upstream client, each on its own connection.

import { connect } from 'node:tls';
import { makeClientContext } from '../../net/tls/client-tls.ts';
import { askH2 } from '../../upstream/health/h2-question.ts';
import { outcomeText, ProbeReason, type ProbeSpec } from '../../upstream/health/prober.ts';
import type { BadCredential } from './bad-credentials.ts';
import {
  type Answer,
  answerOf,
  fieldsOf,
  gatewayAt,
  type ProbedUrl,
  type ProbeSender,
  TIMEOUT_MS,
  targetOf,
} from './probe-sender.ts';
import type { SampleRequest } from './sample-request.ts';

const common = { kind: 'http', path: '', port: null, expect: [], body: null, service: '' } as const;

export class Http2Sender implements ProbeSender {
  readonly protocol = 'HTTP/2';
  private readonly probed: ProbedUrl;
  /** What is wrong with the certificate that the gateway shows for a host name, by that name; the empty string when nothing is. */
  private readonly trust = new Map<string, Promise<string>>();

  constructor(probed: ProbedUrl) {
    this.probed = probed;
  }

  async send(sample: SampleRequest, credential: BadCredential): Promise<Answer | string> {
    const { hostname, port } = gatewayAt(this.probed.url);
    const isSecure = this.probed.url.protocol === 'https:';
    const mistrust = isSecure && !this.probed.insecure ? await this.mistrust(sample.host) : '';
    if (mistrust !== '') return `no answer: ${mistrust}`;
    const { method, host, body } = sample;
    const tls = makeClientContext({ ca: null, cert: null, key: null, serverName: host, verify: false, protocols: [] });
    const spec: ProbeSpec = { ...common, host, timeoutMs: TIMEOUT_MS };
    const {
      outcome,
      headers,
      body: given,
    } = await askH2({ host: hostname, port, tls: isSecure }, spec, tls, {
      method,
      path: targetOf(sample, credential.query),
      fields: fieldsOf(sample, credential),
      body: body === '' ? null : Buffer.from(body),
      isEnough: () => false,
    });
    if (outcome.reason !== ProbeReason.passed) return `no answer: ${outcomeText(outcome)}`;
    return answerOf(outcome.status, headers?.getJoined('proxy-status'), given.toString('latin1'));
  }

  private mistrust(host: string): Promise<string> {
    let found = this.trust.get(host);
    if (found === undefined) this.trust.set(host, (found = this.handshake(host)));
    return found;
  }

  /**
   * A TLS handshake apart from the probes' own, which do not verify: it applies `checkIdentity` to the certificate. The probes may go
   * unverified, because they send no secret.
   */
  private handshake(servername: string): Promise<string> {
    const { hostname, port, checkIdentity } = gatewayAt(this.probed.url);
    return new Promise(resolve => {
      const options = { host: hostname, port, servername, checkServerIdentity: checkIdentity, timeout: TIMEOUT_MS };
      const socket = connect({ ...options, ALPNProtocols: ['h2'] });
      socket.on('error', error => resolve(error.message));
      socket.on('timeout', () => socket.destroy(new Error(`no handshake in ${TIMEOUT_MS / 1_000} s`)));
      socket.on('secureConnect', () => {
        resolve('');
        socket.destroy();
      });
    });
  }
}
