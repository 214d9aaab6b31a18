// Asks a pool for a connection and sends one GET on it. Recording the outcome is left to the subclass of each test.

import type { Fault } from '../../src/base/fault.ts';
import { RequestFraming, type RequestWriter, type ResponseEvents } from '../../src/net/exchange-ends.ts';
import type { ThreadIo } from '../../src/net/io.ts';
import type { ConnectionWaiter } from '../../src/upstream/endpoint-pool.ts';

export abstract class PoolCaller implements ConnectionWaiter, ResponseEvents {
  waiting = true;
  private readonly io: ThreadIo;
  private readonly scheme: 'http' | 'https';

  constructor(io: ThreadIo, scheme: 'http' | 'https' = 'http') {
    this.io = io;
    this.scheme = scheme;
  }

  onConnection(connection: RequestWriter): void {
    this.waiting = false;
    const { outbox } = this.io;
    const times = { deadline: Infinity, responseTimeoutMs: 0, idleTimeoutMs: 0 };
    connection.start(this, false, RequestFraming.none, false, times);
    if (connection.block === null) outbox.text('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    else connection.block.begin('GET', this.scheme, 'test', '/');
    connection.sendHead();
    outbox.flush();
  }

  abstract onNoConnection(fault: Fault): void;
  abstract onResponseEnd(): void;
  abstract onUpstreamFault(fault: Fault): void;

  onInformational(): void {}
  onResponseHead(): void {}
  onResponseBody(): void {}
  onRequestBlocked(): void {}
  onRequestDrained(): void {}
}
