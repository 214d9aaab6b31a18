// Turns a socket as `net.Server` accepts it into one that reads into the thread's buffer. Looks behind Node's published
// interface, so it checks first whether that works, and falls back to plain 'data' events.

import { createServer, connect as netConnect, type OnReadOpts, Socket } from 'node:net';

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
  const known = (socket as Partial<EventedSocket>)[eventsOf] !== undefined;
  (socket as EventedSocket)[eventsOf] = events;
  if (known) return;
  socket.on('end', onEnd);
  socket.on('drain', onDrain);
  socket.on('close', onClose);
  socket.on('error', onError);
}

/** For sockets without `readInto`. */
export function readByEvents(socket: Socket): void {
  socket.on('data', onData);
}

/** Parts of a socket that its published type leaves out. */
interface HandleOwner {
  _handle: object | null;
}

/**
 * The same connection as a socket that reads into `buffer`; `accepted` must come from a server with `pauseOnConnect`
 * and is not to be used any more.
 */
export function withReadBuffer(accepted: Socket, buffer: Buffer): Socket {
  // Because: moving the handle is the only way to give an accepted socket a read buffer; see `supportsHandleMove`.
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  owner._handle = null;
  const options = { handle, allowHalfOpen: true, onread: readInto(buffer) };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

let supported: Promise<boolean> | null = null;

/** Tries on a connection to itself whether `withReadBuffer` works on this Node. Done once a thread. */
export function supportsHandleMove(): Promise<boolean> {
  supported ??= tryHandleMove().catch(() => false);
  return supported;
}

function tryHandleMove(): Promise<boolean> {
  return new Promise(resolve => {
    const buffer = Buffer.alloc(64);
    const server = createServer({ pauseOnConnect: true }, accepted => {
      const { remotePort } = accepted;
      const socket = withReadBuffer(accepted, buffer);
      let heard = '';
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
    });
    function finish(works: boolean): void {
      server.close();
      resolve(works);
    }
    server.on('error', () => finish(false));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const client = netConnect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
      client.on('error', () => finish(false));
      client.on('data', () => client.end());
      client.write('probe');
    });
  });
}
