// Turns a socket as `net.Server` accepts it into one that reads into the thread's buffer. Looks behind Node's published
// interface, so it checks first whether that works, and falls back to plain 'data' events.

import { createServer, connect as netConnect, type OnReadOpts, type Server, Socket } from 'node:net';

/** What takes the events of a socket. */
export interface SocketEvents {
  /** Bytes valid only during the call; false asks to stop reading until `socket.resume()`. */
  onRead(bytes: Buffer, length: number): boolean;
  onEnd(): void;
  onDrain(): void;
  onSocketClosed(): void;
}

/** Who gets the events of a socket; set by `listenTo`. One hidden field instead of five closures a connection. */
const eventsOf = Symbol('events');

interface EventedSocket extends Socket {
  [eventsOf]: SocketEvents;
}

function onRead(this: EventedSocket, length: number, bytes: Uint8Array): boolean {
  // Because: Node gives the buffer of `readInto`.
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
  // 'close' follows and says all that matters: the peer is gone.
}

/** Options for a socket that reads into `buffer`; its events go to whoever `listenTo` names. */
export function readInto(buffer: Buffer): OnReadOpts {
  // Because: Node calls the callback as a method of the socket, which its published type does not say.
  return { buffer, callback: onRead as unknown as OnReadOpts['callback'] };
}

/** Sends the events of `socket` to `events`, from now on to these alone. */
export function listenTo(socket: Socket, events: SocketEvents): void {
  // Because: the field is known in this file only.
  const known = (socket as Partial<EventedSocket>)[eventsOf] !== undefined;
  (socket as EventedSocket)[eventsOf] = events;
  if (known) return;
  socket.on('end', onEnd);
  socket.on('drain', onDrain);
  socket.on('close', onClose);
  socket.on('error', onError);
}

/** Lets a socket of `acceptInto` read. */
export function startReading(socket: Socket): void {
  socket.read(0);
}

/** Lets a socket read that does not read into a buffer. */
export function readByEvents(socket: Socket): void {
  socket.on('data', onData);
  socket.resume();
}

/** Parts of a listening server that its published type leaves out. */
interface ListeningHandle {
  /** Called by libuv's side for each connection: a negative status, or 0 and the connection's handle. */
  onconnection: (status: number, handle: TcpHandle | undefined) => void;
}

interface TcpHandle {
  /** The descriptor's number; -1 on systems that have none. */
  readonly fd: number;
  setNoDelay(on: boolean): number;
}

/** The number of a socket's file descriptor; -1 where it has none. */
export function descriptorOf(socket: Socket): number {
  // Because: as above, for what a socket holds.
  return (socket as unknown as { _handle: TcpHandle | null })._handle?.fd ?? -1;
}

/**
 * Makes a server that listens hand out sockets that read into `buffer`, one object a connection. It must be one that
 * `supportsOwnAccept`. Goes past the 'connection' event, which would make a socket that reads its own way.
 */
export function acceptInto(server: Server, buffer: Buffer, onSocket: (socket: Socket) => void): void {
  // Because: `_handle` is where Node itself puts the function that takes connections.
  const handle = (server as unknown as { _handle: ListeningHandle })._handle;
  const onread = readInto(buffer);
  handle.onconnection = (status, connection) => {
    // A client that left again: the listener goes on. (Out of file descriptors, libuv closes whoever waits and calls nobody.)
    if (status < 0 || connection === undefined) return;
    connection.setNoDelay(true);
    // Reading begins with `startReading`, once somebody listens.
    const options = { handle: connection, allowHalfOpen: true, onread, manualStart: true };
    onSocket(new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]));
  };
}

/** A machine, or a container's network, may have only one of them. */
const LOOPBACKS = ['127.0.0.1', '::1'];

let supported: Promise<boolean> | null = null;

/** Tries on a connection to itself whether `acceptInto` works on this Node. Done once a thread. */
export function supportsOwnAccept(): Promise<boolean> {
  supported ??= ownAcceptWorks();
  return supported;
}

/** As it is found out, at the first of these addresses where a connection to itself comes about. */
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
