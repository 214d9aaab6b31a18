// Reads the PROXY protocol, versions 1 and 2: a load balancer in front of the gateway tells which client's connection it passes on.

import type { Socket } from 'node:net';
import { canonicalIpv6, IPV6_WORDS, ipv6Text, parseIpv4 } from '../base/ip-address.ts';
import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import type { SocketEvents } from './accepted-socket.ts';
import type { Client } from './client.ts';
import type { ThreadIo } from './io.ts';

/** The longest version 1 line, its line end included. */
const LINE_BYTES_MAX = 107;
/** The most bytes that version 2 may need for addresses and extensions; real headers stay far below. */
const BINARY_BYTES_MAX = 2_048;
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The address being read: headers are read one at a time. */
const words = new Uint32Array(IPV6_WORDS);

/** What a header of `bytes` length says: the client's address, or null when the proxy speaks for itself or names none that can be used. */
export interface ProxyHeader {
  readonly bytes: number;
  readonly address: { readonly ip: string; readonly port: number } | null;
}

/** Reads the header at the start of `bytes`. `incomplete`: more bytes are needed. `malformed`: these bytes begin no valid header. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
  const compared = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, compared, 0, compared) === 0) {
    return bytes.length < 16 ? 'incomplete' : parseBinary(bytes);
  }
  const word = bytes.toString('latin1', 0, Math.min(bytes.length, 6));
  if (!'PROXY '.startsWith(word)) return 'malformed';
  const end = bytes.indexOf('\r\n');
  if (end === -1) return bytes.length >= LINE_BYTES_MAX ? 'malformed' : 'incomplete';
  if (end + 2 > LINE_BYTES_MAX) return 'malformed';
  return parseLine(bytes.toString('latin1', 6, end), end + 2);
}

function parseLine(line: string, bytes: number): ProxyHeader | 'malformed' {
  const [family, source = '', destination = '', sourcePort, destinationPort, ...rest] = line.split(' ');
  if (family === 'UNKNOWN') return { bytes, address: null };
  const read = family === 'TCP4' ? readIpv4 : family === 'TCP6' ? canonicalIpv6 : null;
  if (read === null || rest.length > 0 || !isPort(sourcePort) || !isPort(destinationPort)) return 'malformed';
  const ip = read(source);
  if (ip === null || read(destination) === null) return 'malformed';
  return { bytes, address: { ip, port: Number(sourcePort) } };
}

function readIpv4(text: string): string | null {
  return parseIpv4(text) === -1 ? null : text;
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535;
}

function parseBinary(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const family = bytes[13]!;
  const length = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || length > BINARY_BYTES_MAX) return 'malformed';
  const total = 16 + length;
  if (bytes.length < total) return 'incomplete';
  // LOCAL: the proxy's own connection, for a health check. Unspecified and UNIX families carry no address that could be used.
  if (command === 0 || (family !== 0x11 && family !== 0x21)) return { bytes: total, address: null };
  if (length < (family === 0x11 ? 12 : 36)) return 'malformed';
  if (family === 0x11) {
    return { bytes: total, address: { ip: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) } };
  }
  for (let i = 0; i < IPV6_WORDS; i++) words[i] = bytes.readUInt32BE(16 + 4 * i);
  return { bytes: total, address: { ip: ipv6Text(words), port: bytes.readUInt16BE(48) } };
}

/** Takes a socket over once its client is known. */
export interface ProxiedSockets {
  /** Returns the receiver of all further bytes and events of the socket. */
  onProxied(socket: Socket, client: Client): SocketEvents;
  /** The first bytes are no valid header, or none came in time. The socket is destroyed. */
  onMalformedProxyHeader(client: Client): void;
  /** The socket closed before its client was known. */
  onClosedEarly(socket: Socket): void;
}

/** Reads the header from a fresh socket, then hands the socket on. A connection without a valid header is destroyed. */
export class ProxyProtocolReader implements SocketEvents, Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private readonly socket: Socket;
  private readonly io: ThreadIo;
  private readonly next: ProxiedSockets;
  private readonly client: Client;
  private received: Buffer;

  /** `client` describes the socket's peer; the address in the header replaces it only if that peer is a trusted proxy. */
  constructor(socket: Socket, io: ThreadIo, timeoutMs: number, next: ProxiedSockets, client: Client) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.socket = socket;
    this.io = io;
    this.next = next;
    this.client = client;
    this.received = Buffer.alloc(0);
    io.wheel.schedule(this, io.clock.now + timeoutMs);
  }

  onRead(bytes: Buffer, length: number): boolean {
    this.io.clock.tick();
    // Because: only one short header per connection is joined here.
    const joined = Buffer.concat([this.received, bytes.subarray(0, length)]);
    this.received = joined;
    const header = parseProxyHeader(joined);
    if (header === 'incomplete') return true;
    if (header === 'malformed') {
      this.refuse();
      return false;
    }
    this.io.wheel.cancel(this);
    const { client } = this;
    const { address } = header;
    const believed =
      address !== null && client.trusted
        ? { ...client, ip: address.ip, port: address.port, trusted: false, logPart: '', forwarded: null }
        : client;
    const connection = this.next.onProxied(this.socket, believed);
    return header.bytes === joined.length
      ? true
      : connection.onRead(joined.subarray(header.bytes), joined.length - header.bytes);
  }

  onEnd(): void {
    this.socket.destroy();
  }

  onDrain(): void {}

  onSocketClosed(): void {
    this.io.wheel.cancel(this);
    this.next.onClosedEarly(this.socket);
  }

  onDeadline(): void {
    this.refuse();
  }

  private refuse(): void {
    this.next.onMalformedProxyHeader(this.client);
    this.socket.destroy();
  }
}
