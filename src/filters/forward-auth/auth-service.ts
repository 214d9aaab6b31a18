// Asks the external service about one request and reads its response. Never rejects: a failure is a verdict, too.

import { isUtf8 } from 'node:buffer';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import type { Exchange } from '../../exchange/exchange.ts';
import { Login } from '../../exchange/identity/login.ts';
import type { ForwardAuthConfig } from './config.ts';
import type { Verdict } from './verdict.ts';

/** Fields of the service's response that concern its own connection or framing, and are never passed on. */
const ownFields = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|date|server)$/;

/**
 * How long an idle connection is kept, in ms, as in the pools of upstreams. A replaced configuration leaves its connections behind, and a
 * service that never closes connections would otherwise hold them for as long as the gateway runs.
 */
const IDLE_MS = 60_000;

/** The largest response head. Node's default is 16 KiB, and a session that a login service splits over several cookies is larger. */
const HEAD_BYTES_MAX = 64 * 1_024;

/** A client of the external service, with its own connection pool. */
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

  /** The service's verdict on this request. Never rejects. */
  ask(exchange: Exchange): Promise<Verdict> {
    const fields = this.question(exchange);
    return new Promise(resolve => this.send(fields, this.agent, resolve));
  }

  private send(fields: readonly string[], agent: Agent | false, decide: (verdict: Verdict) => void): void {
    const { url, config } = this;
    const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
    let isHeard = false;
    const options = { method: config.method, agent, headers: fields, maxHeaderSize: HEAD_BYTES_MAX };
    const request = ask(url, options, response => {
      isHeard = true;
      this.read(response).then(decide, (error: Error) => decide(failed(error.message)));
    });
    // Because: the whole request has one deadline, and Node's own timeout counts idle time only.
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${config.timeout} ms`)), config.timeout);
    request.on('close', () => {
      clearTimeout(timer);
      // Because: Node closes the connection when a response switches protocols, and reports nothing.
      if (!isHeard) decide(failed('it closed the connection'));
    });
    request.on('error', error => {
      // Because: a service may close an idle connection just when it is used again; only a new connection shows if it is away.
      const isStale = !isHeard && request.reusedSocket && isReset(error);
      isHeard = true;
      if (isStale) this.send(fields, false, decide);
      else decide(failed(error.message));
    });
    request.end();
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
    // Because: a stream without an encoding yields buffers, which its type does not say.
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
    const identity = { by: 'forwardAuth', subject: utf8(text(subject)), keyId: '', scopes: [], claims: null };
    const owner = utf8(text(consumer));
    const login = new Login(identity, owner === '' ? null : owner);
    return { kind: 'admitted', login, copied, cookies: headers['set-cookie'] ?? [] };
  }
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function failed(reason: string): Verdict {
  return { kind: 'failed', reason };
}

/** The text of a field. Node decodes fields as latin1, while services write UTF-8. */
function utf8(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

function passedFields({ rawHeaders, headers }: IncomingMessage): [string, string][] {
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/);
  const fields: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]!, rawHeaders[i + 1]!];
    const lower = name.toLowerCase();
    if (!ownFields.test(lower) && !named.includes(lower)) fields.push([name, value]);
  }
  return fields;
}
