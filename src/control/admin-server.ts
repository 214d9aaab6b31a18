// The admin server: a small HTTP server on the main thread, apart from the workers' request path. Read-only: it changes nothing.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { adminPages, json, type Page } from './admin-pages.ts';
import type { AdminView } from './admin-view.ts';
import { browserRefusal } from './browser-guard.ts';

// Because: `import` from node:http reads every name that it exports, including its WebSocket, which loads a whole HTTP client
// that nothing here uses: 80 ms at startup, and its memory.
const { createServer } = process.getBuiltinModule('node:http');

const HEAD_BYTES_MAX = 8 * 1_024;
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 15_000;
/** How often Node looks for requests that exceed their timeout. Node's default is 30 s, longer than the timeouts themselves. */
const LOOK_EVERY_MS = 1_000;
/** For clients that do not read their page: each of them occupies one of the few connections. */
const SILENCE_MS = 20_000;

export interface AdminAddress {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
  /** Host names under which the server may be requested, besides IP addresses and `localhost`. */
  readonly hosts: readonly string[];
}

export class AdminServer {
  private readonly address: AdminAddress;
  /** Host names under which the server may be requested: that of its address, and the configured ones. */
  private readonly names: readonly string[];
  private readonly view: AdminView;
  private readonly server: Server;

  constructor(address: AdminAddress, view: AdminView) {
    this.address = address;
    this.names = [address.host.toLowerCase(), ...address.hosts];
    this.view = view;
    const limits = { maxHeaderSize: HEAD_BYTES_MAX, headersTimeout: REQUEST_TIMEOUT_MS };
    this.server = createServer(
      {
        ...limits,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: LOOK_EVERY_MS,
      },
      (request, response) => void this.answer(request, response),
    );
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.setTimeout(SILENCE_MS);
  }

  /** Resolves with the server's URL, containing the port that was actually bound; rejects with the system's error. */
  async listen(): Promise<string> {
    const { host, port } = this.address;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    const bound = this.server.address();
    const realPort = typeof bound === 'object' && bound !== null ? bound.port : port;
    return `http://${host.includes(':') ? `[${host}]` : host}:${realPort}`;
  }

  /** Stops listening and closes open connections at once: a client loses one page at most. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    // A body has no meaning here; it is not read, so the connection cannot be used again.
    if (hasBody) response.setHeader('connection', 'close');
    let page: Page;
    try {
      page = await this.pageFor(request, response);
    } catch {
      page = problem(500, 'internal_error', 'Internal error', 'The page could not be made.');
    }
    response.writeHead(page.status, {
      'content-type': page.contentType,
      'content-length': Buffer.byteLength(page.body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
    });
    response.end(request.method === 'HEAD' ? undefined : page.body);
  }

  private async pageFor({ method = '', url = '', headers }: IncomingMessage, response: ServerResponse): Promise<Page> {
    const refusal = browserRefusal(headers, this.names);
    if (refusal !== '') return problem(403, 'origin_refused', 'Refused', refusal);
    const make = adminPages.get(url.split('?', 1)[0]!);
    if (make === undefined) {
      return problem(404, 'page_not_found', 'No such page', `There are ${[...adminPages.keys()].join(', ')}.`);
    }
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return problem(405, 'method_not_allowed', 'Method not allowed', 'Pages are read with GET or HEAD.');
    }
    return await make(this.view);
  }
}

function problem(status: number, code: string, title: string, detail: string): Page {
  return json(status, { type: 'about:blank', title, status, code, detail }, 'application/problem+json');
}
