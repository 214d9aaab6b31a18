// The data plane of one worker: takes accepted sockets, holds the current snapshot, drains. Starts no listener itself.

import type { Socket } from 'node:net';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { Snapshot } from './snapshot.ts';

/** What a listener tells of itself to the connections it accepts. */
export interface ListenerSettings {
  readonly port: number;
  readonly proxyProtocol: boolean;
  readonly trustedProxies: readonly string[];
}

export interface GatewayServices {
  /** Metric cells of this worker, and where the worker's own block begins. */
  readonly cells: Float64Array;
  readonly workerMetricsOffset: number;
  readonly accessLog: AccessLog;
  /** One line for the operator. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** Not built yet: the signatures that runtime/ builds on. */
export declare class Gateway {
  constructor(snapshot: Snapshot, services: GatewayServices);
  readonly snapshot: Snapshot;
  /** Exchanges under way. */
  readonly inFlight: number;
  /** Open client connections. */
  readonly connections: number;
  /** New exchanges use `next` from now on; those under way keep theirs. Upstreams that `next` no longer has are retired. */
  swap(next: Snapshot): void;
  /** Takes a socket as given by `Listener`. */
  accept(socket: Socket, listener: ListenerSettings): void;
  /** Closes idle connections, tells busy ones `Connection: close`; resolves when none is left or the time is up (then they are cut). */
  drain(timeoutMs: number): Promise<void>;
}
