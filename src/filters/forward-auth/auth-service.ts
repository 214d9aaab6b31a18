// Asks the outside service about one request and reads its answer. Never rejects: what goes wrong is a verdict, too.

import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import type { Exchange } from '../../exchange/exchange.ts';
import { Login } from '../../exchange/login.ts';
import type { ForwardAuthConfig } from './config.ts';
import type { Verdict } from './verdict.ts';

/** Fields of the answer that concern its connection or its framing, and never go on. */
const ownFields = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|date|server)$/;

/**
 * How long a connection is kept without a question, as in the pools of upstreams. A configuration that serves no longer leaves its connections
 * behind, which a service that ends none would hold for as long as the gateway runs.
 */
const IDLE_MS = 60_000;

export class AuthService {
  private readonly config: ForwardAuthConfig;
  private readonly url: URL;
  private readonly agent: Agent;

  constructor(config: ForwardAuthConfig, idleMs = IDLE_MS) {
    this.config = config;
    this.url = new URL(config.url);
    const pool = {
      keepAlive: true,
      maxSockets: config.connections,
      maxFreeSockets: config.connections,
      scheduling: 'lifo' as const,
      timeout: idleMs,
    };
    this.agent = this.url.protocol === 'https:' ? new SecureAgent(pool) : new Agent(pool);
  }

  ask(exchange: Exchange): Promise<Verdict> {
    const { url, agent, config } = this;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise(resolve => {
      const request = send(url, { method: config.method, agent, headers: this.question(exchange) }, response => {
        this.read(response).then(resolve, (error: Error) => resolve(failed(error.message)));
      });
      // Because: the whole question has one deadline, and Node's own timeout counts idle time only.
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${config.timeout} ms`)),
        config.timeout,
      );
      request.on('close', () => clearTimeout(timer));
      request.on('error', error => resolve(failed(error.message)));
      request.end();
    });
  }

  private question({ request, client }: Exchange): string[] {
    const fields: string[] = ['host', this.url.host];
    for (const name of this.config.send) {
      for (const value of request.headers.getAll(name)) fields.push(name, value);
    }
    const uri = request.hasQuery ? `${request.path}?${request.query}` : request.path;
    fields.push('x-forwarded-method', request.method, 'x-forwarded-proto', client.scheme);
    fields.push('x-forwarded-host', request.authority, 'x-forwarded-uri', uri, 'x-forwarded-for', client.ip);
    return fields;
  }

  private async read(response: IncomingMessage): Promise<Verdict> {
    const status = response.statusCode ?? 0;
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > this.config.answerSize) {
        response.destroy();
        return failed('its answer is too large');
      }
      pieces.push(piece);
    }
    if (status >= 200 && status < 300) return this.admitted(response);
    if (status < 300 || status >= 500) return failed(`it answered ${status}`);
    return { kind: 'refused', reply: { status, headers: passedFields(response), body: Buffer.concat(pieces) } };
  }

  private admitted({ headers }: IncomingMessage): Verdict {
    const { copy, subject, consumer } = this.config;
    const text = (name: string | undefined): string => {
      const value = name === undefined ? undefined : headers[name];
      return Array.isArray(value) ? value.join(', ') : (value ?? '');
    };
    const copied = copy.flatMap(name => (headers[name] === undefined ? [] : [name, text(name)]));
    const identity = { by: 'forwardAuth', subject: text(subject), keyId: '', scopes: [], claims: null };
    const owner = text(consumer);
    return { kind: 'admitted', login: new Login(identity, owner === '' ? null : owner), copied };
  }
}

function failed(reason: string): Verdict {
  return { kind: 'failed', reason };
}

function passedFields({ rawHeaders }: IncomingMessage): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]!, rawHeaders[i + 1]!];
    if (!ownFields.test(name.toLowerCase())) fields.push([name, value]);
  }
  return fields;
}
