// Clients that send the same request repeatedly over kept connections, as a balancer in front would, and count every
// request without a complete response. Knows no gateway.

import { connect, type Socket } from 'node:net';

export interface LoadResult {
  readonly answered: number;
  /** One line for each request that was sent and failed. */
  readonly failures: readonly string[];
  /** Number of new connections that were refused. */
  readonly refused: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** Every response in the order of arrival; times are those of performance.now(). */
  readonly answers: readonly TimedAnswer[];
}

export interface TimedAnswer {
  readonly status: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}

export interface SteadyLoad {
  readonly answered: number;
  /** Resolves when every request in progress has its response. */
  stop(): Promise<LoadResult>;
}

interface LoadOptions {
  readonly connections?: number;
  /** Requests on a connection before it is closed and another one opened; 0 keeps it. */
  readonly requestsPerConnection?: number;
}

/** Sends `GET path` from now on, one request at a time on each connection. A connection with `Connection: close` is replaced. */
export function startLoad(
  port: number,
  path: string,
  { connections = 8, requestsPerConnection = 0 }: LoadOptions = {},
): SteadyLoad {
  const failures: string[] = [];
  const statuses = new Map<number, number>();
  const answers: TimedAnswer[] = [];
  let answered = 0;
  let refused = 0;
  let stopping = false;

  const client = async (): Promise<void> => {
    let connection: Connection | null = null;
    let requests = 0;
    while (!stopping) {
      if (connection === null) {
        requests = 0;
        connection = await open(port).catch(() => null);
        if (connection === null) {
          refused++;
          await new Promise(resolve => setTimeout(resolve, 5)); // Because: a closed port tells nobody when it opens.
          continue;
        }
      }
      const last: boolean = requestsPerConnection !== 0 && ++requests >= requestsPerConnection;
      const askedAt = performance.now();
      const outcome: Answer | string = await connection.ask(path, last);
      if (typeof outcome === 'string') {
        failures.push(outcome);
        connection = null;
        continue;
      }
      answered++;
      answers.push({ status: outcome.status, askedAt, answeredAt: performance.now() });
      statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
      if (outcome.closes || last) {
        connection.close();
        connection = null;
      }
    }
    connection?.close();
  };
  const clients = Promise.all(Array.from({ length: connections }, client));
  return {
    get answered() {
      return answered;
    },
    async stop() {
      stopping = true;
      await clients;
      return { answered, failures, refused, statuses, answers };
    },
  };
}

interface Answer {
  readonly status: number;
  readonly closes: boolean;
}

interface Connection {
  /** Resolves with the response, or with a description of what went wrong. */
  ask(path: string, last: boolean): Promise<Answer | string>;
  close(): void;
}

function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(connectionOver(socket));
    });
  });
}

/** Expects responses with Content-Length. */
function connectionOver(socket: Socket): Connection {
  let received = '';
  let settle: ((outcome: Answer | string) => void) | null = null;
  const end = (reason: string) => {
    settle?.(`${reason} after ${received.length} bytes of an answer`);
    settle = null;
  };
  socket.setNoDelay(true);
  socket.on('data', (piece: Buffer) => {
    received += piece.toString('latin1');
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      end(`an answer without a length: ${head}`);
      return;
    }
    if (received.length < headEnd + 4 + length) return;
    const answer = { status: Number(head.slice(9, 12)), closes: /\r\nconnection: *close/i.test(head) };
    received = '';
    settle?.(answer);
    settle = null;
  });
  socket.on('error', error => end(error.message));
  socket.on('close', () => end('the connection was closed'));
  return {
    ask: (path, last) =>
      new Promise(resolve => {
        if (socket.destroyed || !socket.writable) {
          resolve('the connection was closed while it was idle');
          return;
        }
        settle = resolve;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n${last ? 'Connection: close\r\n' : ''}\r\n`);
      }),
    close: () => socket.destroy(),
  };
}
