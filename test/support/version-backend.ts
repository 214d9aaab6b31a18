// A backend that returns its version and behaves as the test sets: status, delay, or a handler of the test's own.

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { listeningPort } from './listening-port.ts';

export interface VersionRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class VersionBackend {
  port = 0;
  status = 200;
  delayMs = 0;
  /** Called in place of the usual response, when set. */
  answer: ((request: VersionRequest, respond: import('node:http').ServerResponse) => void) | null = null;
  readonly seen: VersionRequest[] = [];
  private readonly server: Server;
  private readonly version: string;

  private constructor(version: string) {
    this.version = version;
    this.server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => {});
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen = { method, url, headers, body: Buffer.concat(pieces).toString() };
        this.seen.push(seen);
        if (this.answer !== null) {
          this.answer(seen, response);
          return;
        }
        const send = () => {
          response.writeHead(this.status, { 'Content-Type': 'application/json', 'X-Version': this.version });
          response.end(JSON.stringify({ version: this.version }));
        };
        if (this.delayMs === 0) send();
        else setTimeout(send, this.delayMs);
      });
    });
  }

  static async start(version: string, port = 0): Promise<VersionBackend> {
    const backend = new VersionBackend(version);
    backend.port = await listeningPort(backend.server, port);
    return backend;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
