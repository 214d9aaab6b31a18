// One question to one DNS server: over UDP, and over TCP when the response did not fit (RFC 1035, RFC 7766, EDNS by RFC 6891). resolver.ts
// decides which servers and names to ask.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import dnsPacket, { type Packet, type Question } from 'dns-packet';

export interface DnsServer {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** Record types that discovery asks for. */
export type AskedType = 'A' | 'AAAA' | 'SRV';

/** Response codes (RFC 1035 section 4.1.1). */
export const Rcode = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4 } as const;

export interface DnsReply {
  readonly rcode: number;
  readonly packet: Packet;
}

/** Size of responses that fit into one unfragmented datagram nearly everywhere (DNS flag day 2020). */
const UDP_PAYLOAD_BYTES = 1232;
const TRUNCATED = 1 << 9;
const IS_RESPONSE = 1 << 15;
/** Length limit of a name in its text form (253 characters are 255 bytes on the wire, RFC 1035 section 2.3.4). */
const NAME_BYTES_MAX = 253;

/** Whether the name is valid in a question: no label empty or longer than 63 characters. */
export function isAskable(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.');
  return name.length <= NAME_BYTES_MAX && labels.every(label => label.length > 0 && label.length <= 63);
}

/** Rejects with an Error whose message is for the operator: no response in time, nothing listening, an unreadable response. */
export async function askServer(
  server: DnsServer,
  name: string,
  type: AskedType,
  timeoutMs: number,
): Promise<DnsReply> {
  const reply = await overUdp(server, { name, type, class: 'IN' }, timeoutMs, true);
  // Old servers and some middleboxes do not support EDNS (RFC 6891 section 7).
  if (reply.rcode !== Rcode.formatError && reply.rcode !== Rcode.notImplemented) return reply;
  return overUdp(server, { name, type, class: 'IN' }, timeoutMs, false);
}

async function overUdp(server: DnsServer, question: Question, timeoutMs: number, edns: boolean): Promise<DnsReply> {
  const id = randomInt(0x10000);
  const query = dnsPacket.encode(queryOf(id, question, edns));
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    const settle = (error: Error | null, bytes: Buffer | null) => {
      clearTimeout(timer);
      socket.close();
      if (error !== null) reject(error);
      else if (bytes !== null) resolve(bytes);
    };
    // Because: a lookup is not a request; it runs in the supervisor, every few seconds.
    const timer = setTimeout(() => settle(noAnswer(server, timeoutMs), null), timeoutMs);
    socket.once('error', error => settle(new Error(`${textOf(server)}: ${error.message}`), null));
    socket.on('message', bytes => {
      // Other datagrams may be late or forged; the right response may still come.
      if (isAnswerTo(bytes, id, question)) settle(null, bytes);
    });
    // A connected socket receives datagrams from this server only, and gets an error when nothing listens there. The callback gets the
    // error too, for example when there is no network yet.
    socket.connect(server.port, server.host, (error?: Error) => {
      if (error === undefined) socket.send(query);
      else settle(new Error(`${textOf(server)}: ${error.message}`), null);
    });
  });
  const flags = answer.readUInt16BE(2);
  return (flags & TRUNCATED) === 0 ? replyOf(answer) : overTcp(server, question, timeoutMs);
}

async function overTcp(server: DnsServer, question: Question, timeoutMs: number): Promise<DnsReply> {
  const id = randomInt(0x10000);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port });
    const settle = (error: Error | null, bytes: Buffer | null) => {
      clearTimeout(timer);
      socket.destroy();
      if (error !== null) reject(error);
      else if (bytes !== null) resolve(bytes);
    };
    // Because: the same holds as for UDP.
    const timer = setTimeout(() => settle(noAnswer(server, timeoutMs), null), timeoutMs);
    let received = Buffer.alloc(0);
    socket.once('error', error => settle(new Error(`${textOf(server)} (TCP): ${error.message}`), null));
    socket.once('close', () => settle(new Error(`${textOf(server)} closed the connection before its answer`), null));
    socket.on('data', (piece: Buffer) => {
      // Because: a response over TCP is rare and at most 64 KiB.
      received = Buffer.concat([received, piece]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const bytes = received.subarray(2, 2 + received.readUInt16BE(0));
      if (isAnswerTo(bytes, id, question)) settle(null, bytes);
      else settle(new Error(`${textOf(server)} answered another question`), null);
    });
    socket.write(dnsPacket.streamEncode(queryOf(id, question, false)));
  });
  return replyOf(answer);
}

function queryOf(id: number, question: Question, edns: boolean): Packet {
  const packet: Packet = { type: 'query', id, flags: dnsPacket.RECURSION_DESIRED, questions: [question] };
  if (edns) {
    const sizes = { udpPayloadSize: UDP_PAYLOAD_BYTES, extendedRcode: 0, ednsVersion: 0, flags: 0 };
    packet.additionals = [{ type: 'OPT', name: '.', ...sizes, flag_do: false, options: [] }];
  }
  return packet;
}

/** Whether these bytes are the response to this question; false when they cannot be parsed. */
function isAnswerTo(bytes: Buffer, id: number, question: Question): boolean {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== id || (bytes.readUInt16BE(2) & IS_RESPONSE) === 0) return false;
  try {
    const [asked] = dnsPacket.decode(bytes).questions ?? [];
    // Some servers leave the question out of a refusal.
    if (asked === undefined) return (bytes[3]! & 0xf) !== Rcode.noError;
    return asked.type === question.type && sameName(asked.name, question.name);
  } catch {
    // A truncated response may end in the middle of a record; it is requested again over TCP.
    return (bytes.readUInt16BE(2) & TRUNCATED) !== 0;
  }
}

/** Compares host names, which are case-insensitive (RFC 4343); a final dot is ignored. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase().replace(/\.$/, '') === b.toLowerCase().replace(/\.$/, '');
}

function replyOf(bytes: Buffer): DnsReply {
  return { rcode: bytes[3]! & 0xf, packet: dnsPacket.decode(bytes) };
}

function noAnswer(server: DnsServer, timeoutMs: number): Error {
  return new Error(`${textOf(server)} gave no answer within ${timeoutMs} ms`);
}

function textOf({ host, port }: DnsServer): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
