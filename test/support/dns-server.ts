// A DNS server for tests, over UDP and TCP on one free port. The test sets what each name resolves to, and what goes wrong.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import dnsPacket, { type Answer, type Packet } from 'dns-packet';
import { listeningPort } from './listening-port.ts';

/** What the server does with a question. `silent` gives no answer. */
export type Behaviour =
  | { readonly answers: readonly Answer[]; readonly additionals?: readonly Answer[]; readonly truncateUdp?: boolean }
  | { readonly rcode: number; readonly negativeTtl?: number }
  | 'silent'
  /** Answers with bytes that are no DNS message. */
  | 'garbage'
  /** Sends two forged answers first, one with a wrong id and one to another question, then the right one. */
  | { readonly forgedFirst: readonly Answer[]; readonly answers: readonly Answer[] };

export interface SeenQuestion {
  readonly name: string;
  readonly type: string;
  readonly over: 'udp' | 'tcp';
  readonly edns: boolean;
}

export interface TestDnsServer {
  readonly port: number;
  readonly seen: readonly SeenQuestion[];
  /** Sets the behaviour for this name and type; `*` is every type. Names without a behaviour get NXDOMAIN. */
  set(name: string, type: string, behaviour: Behaviour): void;
  /** Sets the A records of a name; `ttl` in seconds. */
  setAddresses(name: string, addresses: readonly string[], ttl?: number): void;
  stop(): Promise<void>;
}

const SERVER_TRUNCATED = 1 << 9;

export interface DnsServerOptions {
  /** Answers FORMERR to questions with EDNS, as old servers do. */
  readonly withoutEdns?: boolean;
}

export async function startDnsServer(options: DnsServerOptions = {}): Promise<TestDnsServer> {
  const behaviours = new Map<string, Behaviour>();
  const seen: SeenQuestion[] = [];
  const udp = createSocket('udp4');
  const tcpSockets = new Set<Socket>();

  const respond = (query: Packet, over: 'udp' | 'tcp'): Buffer[] => {
    const [question] = query.questions ?? [];
    if (question === undefined) return [];
    const edns = (query.additionals ?? []).some(({ type }) => type === 'OPT');
    seen.push({ name: question.name, type: question.type, over, edns });
    const behaviour: Behaviour = behaviours.get(`${question.name} ${question.type}`) ??
      behaviours.get(`${question.name} *`) ?? { rcode: hasOtherType(question.name) ? 0 : 3 };
    const base = { type: 'response' as const, id: query.id ?? 0, questions: [question] };
    const make = (answers: readonly Answer[], flags = 0, more: Partial<Packet> = {}): Buffer =>
      dnsPacket.encode({ ...base, flags, answers: [...answers], ...more });
    if (options.withoutEdns === true && edns) return [make([], 1)];
    if (behaviour === 'silent') return [];
    if (behaviour === 'garbage') return [Buffer.from('this is no DNS message')];
    if ('rcode' in behaviour) {
      const soa: Answer = {
        type: 'SOA',
        name: 'test',
        ttl: behaviour.negativeTtl ?? 5,
        data: { mname: 'ns.test', rname: 'admin.test', minimum: behaviour.negativeTtl ?? 5 },
      };
      return [make([], behaviour.rcode, { authorities: [soa] })];
    }
    if ('forgedFirst' in behaviour) {
      const forged = dnsPacket.encode({ ...base, id: (base.id + 1) & 0xffff, answers: [...behaviour.forgedFirst] });
      const other = { ...base, questions: [{ ...question, name: 'elsewhere.test' }] };
      return [forged, dnsPacket.encode({ ...other, answers: [...behaviour.forgedFirst] }), make(behaviour.answers)];
    }
    if (behaviour.truncateUdp === true && over === 'udp') return [make([], SERVER_TRUNCATED)];
    return [make(behaviour.answers, 0, { additionals: [...(behaviour.additionals ?? [])] })];
  };
  const hasOtherType = (name: string) => [...behaviours.keys()].some(key => key.startsWith(`${name} `));

  udp.on('message', (message, from) => {
    for (const bytes of respond(dnsPacket.decode(message), 'udp')) udp.send(bytes, from.port, from.address);
  });
  const tcp = createServer(socket => {
    tcpSockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => tcpSockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      for (const answer of respond(dnsPacket.streamDecode(bytes), 'tcp')) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        // In two pieces, as a network may deliver it.
        socket.write(length);
        socket.write(answer);
      }
    });
  });
  const port = await listeningPort(tcp);
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, '127.0.0.1', resolve);
  });
  return {
    port,
    seen,
    set: (name, type, behaviour) => behaviours.set(`${name} ${type}`, behaviour),
    setAddresses(name, addresses, ttl = 1) {
      const answers = addresses.map(data => ({ type: 'A', name, ttl, data }) as const);
      behaviours.set(`${name} A`, { answers });
    },
    async stop() {
      udp.close();
      for (const socket of tcpSockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}
