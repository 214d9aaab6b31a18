// Makes sockets read into the thread's buffer and send their events to one object. Accepted sockets need unpublished parts of Node
// for this: a probe tells whether they work, and where they do not, sockets are read through plain 'data' events.

import { createServer, connect as netConnect, type OnReadOpts, type Server, Socket } from 'node:net';

/** Receives the events of a socket. */
export interface SocketEvents {
  /** The first `length` bytes of `bytes` were read; they are valid only during the call. False stops reading until `socket.resume()`. */
  onRead(bytes: Buffer, length: number): boolean;
  onEnd(): void;
  onDrain(): void;
  onSocketClosed(): void;
}

/** The field of a socket that holds the receiver of its events; set by `listenTo`. Saves five closures per connection. */
const eventsOf = Symbol('events');

interface EventedSocket extends Socket {
  [eventsOf]: SocketEvents;
}

function onRead(this: EventedSocket, length: number, bytes: Uint8Array): boolean {
  // Because: Node passes the buffer that `readInto` was given.
  return this[eventsOf].onRead(bytes as Buffer, length);
}

function onData(this: EventedSocket, bytes: Buffer): void {
  if (!this[eventsOf].onRead(bytes, bytes.length)) this.pause();
}

function onEnd(this: EventedSocket): void {
  this[eventsOf].onEnd();
}

function onDrain(this: EventedSocket): void {
  this[eventsOf].onDrain();
}

function onClose(this: EventedSocket): void {
  this[eventsOf].onSocketClosed();
}

function onError(): void {
  // Nothing to do: 'close' follows and reports that the connection is gone.
}

/** The `onread` option of a socket that reads into `buffer`; its bytes go to the receiver that `listenTo` sets. */
export function readInto(buffer: Buffer): OnReadOpts {
  // Because: Node calls the callback as a method of the socket, which its published type does not say.
  return { buffer, callback: onRead as unknown as OnReadOpts['callback'] };
}

/** Sends the events of `socket` to `events` from now on, and no longer to an earlier receiver. */
export function listenTo(socket: Socket, events: SocketEvents): void {
  // Because: the symbol is private to this file, so no type of a socket has the field.
  const known = (socket as Partial<EventedSocket>)[eventsOf] !== undefined;
  (socket as EventedSocket)[eventsOf] = events;
  if (known) return;
  socket.on('end', onEnd);
  socket.on('drain', onDrain);
  socket.on('close', onClose);
  socket.on('error', onError);
}

/** Starts reading on a socket that was made with `manualStart`, as `acceptInto` and `socketOf` (tls/tls-handle.ts) do. */
export function startReading(socket: Socket): void {
  socket.read(0);
}

/** Starts reading on a socket without a buffer of `readInto`, through 'data' events. */
export function readByEvents(socket: Socket): void {
  socket.on('data', onData);
  socket.resume();
}

/** The part of a listening server's handle that is used; Node's published types leave the handle out. */
interface ListeningHandle {
  /** Called by Node's native side for each connection, with a negative status, or with 0 and the connection's handle. */
  onconnection: (status: number, handle: TcpHandle | undefined) => void;
}

interface TcpHandle {
  /** The number of the file descriptor; -1 on systems without descriptors. */
  readonly fd: number;
  setNoDelay(on: boolean): number;
}

/** The number of a socket's file descriptor; -1 when the socket is closed or the system has no descriptors. */
export function descriptorOf(socket: Socket): number {
  // Because: Node's published types leave out a socket's handle.
  return (socket as unknown as { _handle: TcpHandle | null })._handle?.fd ?? -1;
}

/**
 * Makes a listening server hand sockets that read into `buffer` to `onSocket`, one object per connection. Call only where
 * `supportsOwnAccept` gave true. Bypasses the 'connection' event, for which Node would make a socket that reads in its own way.
 */
export function acceptInto(server: Server, buffer: Buffer, onSocket: (socket: Socket) => void): void {
  // Because: `_handle` is where Node itself puts the function that takes connections.
  const handle = (server as unknown as { _handle: ListeningHandle })._handle;
  const onread = readInto(buffer);
  handle.onconnection = (status, connection) => {
    // The client has already left; the listener goes on. (Out of file descriptors, libuv closes the waiting connections by itself.)
    if (status < 0 || connection === undefined) return;
    connection.setNoDelay(true);
    // Reading begins with `startReading`, once the events have a receiver.
    const options = { handle: connection, allowHalfOpen: true, onread, manualStart: true };
    onSocket(new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]));
  };
}

/** The addresses to probe on: a machine, or a container's network, may have only one of them. */
const LOOPBACKS = ['127.0.0.1', '::1'];

let supported: Promise<boolean> | null = null;

/** Whether `acceptInto` works on this Node; probed on a connection of the thread to itself, once per thread. */
export function supportsOwnAccept(): Promise<boolean> {
  supported ??= ownAcceptWorks();
  return supported;
}

/** The probe itself, uncached: tries `hosts` in order, and gives true as soon as `acceptInto` works on one of them. */
export async function ownAcceptWorks(hosts: readonly string[] = LOOPBACKS): Promise<boolean> {
  for (const host of hosts) {
    if (await tryOwnAccept(host).catch(() => false)) return true;
  }
  return false;
}

function tryOwnAccept(host: string): Promise<boolean> {
  return new Promise(resolve => {
    const buffer = Buffer.alloc(64);
    const server = createServer();
    let heard = '';
    function finish(works: boolean): void {
      server.close();
      resolve(works);
    }
    function onSocket(socket: Socket): void {
      const { remotePort } = socket;
      startReading(socket);
      listenTo(socket, {
        onRead(bytes, length) {
          heard = bytes.toString('latin1', 0, length);
          socket.end(heard);
          return true;
        },
        onEnd() {},
        onDrain() {},
        onSocketClosed() {
          finish(heard === 'probe' && remotePort !== undefined && buffer.toString('latin1', 0, 5) === 'probe');
        },
      });
    }
    server.on('error', () => finish(false));
    server.on('connection', () => finish(false));
    server.listen(0, host, () => {
      acceptInto(server, buffer, onSocket);
      const address = server.address();
      const client = netConnect(typeof address === 'object' && address !== null ? address.port : 0, host);
      client.on('error', () => finish(false));
      client.on('data', () => client.end());
      client.write('probe');
    });
  });
}
