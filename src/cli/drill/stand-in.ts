// A server that stands in for an endpoint in a drill: responds normally until told to fail. Plain HTTP on 127.0.0.1.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HealthyResponse, isHealthCheck, sendResponse } from './healthy-response.ts';

export const failureNames = ['killed', 'frozen', 'failing', 'resetting', 'slow'] as const;
export type FailureName = (typeof failureNames)[number];

const SLOW_MS = 1_000;

export class StandIn {
  private readonly healthy: HealthyResponse;
  private readonly server: Server;
  private failure: FailureName | null = null;
  private held: [IncomingMessage, ServerResponse][] = [];
  port = 0;

  constructor(healthy: HealthyResponse) {
    this.healthy = healthy;
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      request.resume();
      if (this.failure === 'resetting') request.socket.resetAndDestroy();
      else if (this.failure === 'frozen') this.held.push([request, response]);
      else if (this.failure === 'slow') setTimeout(() => this.answer(request, response), SLOW_MS);
      else this.answer(request, response);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: '127.0.0.1', port: this.port }, resolve);
    });
    // Because: address() is a string only for servers that listen on a path.
    this.port = (this.server.address() as AddressInfo).port;
  }

  async fail(failure: FailureName): Promise<void> {
    this.failure = failure;
    if (failure === 'killed') await this.close();
  }

  async heal(): Promise<void> {
    const { failure } = this;
    this.failure = null;
    for (const [request, response] of this.held.splice(0)) this.answer(request, response);
    if (failure === 'killed') await this.listen();
  }

  async close(): Promise<void> {
    await new Promise<void>(resolve => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { status, body } = isHealthCheck(request, this.healthy) ? this.healthy : { status: 200, body: 'ok' };
    sendResponse(response, this.failure === 'failing' ? 503 : status, body);
  }
}
