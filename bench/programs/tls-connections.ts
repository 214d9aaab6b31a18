// Program: sends GETs, each on its own TLS connection, with a full handshake or resuming the session of the connection before. `node
// tls-connections.ts handshake|resume PORT PATH SECONDS CONNECTIONS`; prints the JSON that load/wrk.ts reads at the end.

import { connect } from 'node:tls';

const [mode, port, path, seconds, connections] = [2, 3, 4, 5, 6].map(i => process.argv[i]!);
const head = `GET ${path} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n`;
const until = performance.now() + Number(seconds) * 1000;
const latenciesUs: number[] = [];
let bytes = 0;
let failed = 0;
let resumed = 0;

async function goOn(): Promise<void> {
  let session: Buffer | undefined;
  while (performance.now() < until) session = await once(session);
}

function once(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const began = performance.now();
    let got = 0;
    let next = session;
    // Every server of the bench supports X25519, but not every one the hybrid group that Node would offer first.
    const options = {
      host: '127.0.0.1',
      servername: 'api.example.com',
      rejectUnauthorized: false,
      ecdhCurve: 'X25519',
    };
    const socket = connect({ ...options, port: Number(port), ...(session !== undefined && { session }) });
    socket.on('session', given => {
      if (mode === 'resume') next = given;
    });
    socket.on('secureConnect', () => {
      if (socket.isSessionReused()) resumed++;
      socket.write(head);
    });
    socket.on('data', (piece: Buffer) => {
      got += piece.length;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (got === 0) failed++;
      bytes += got;
      latenciesUs.push((performance.now() - began) * 1000);
      resolve(next);
    });
  });
}

const beganMs = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, goOn));
latenciesUs.sort((a, b) => a - b);
const at = (share: number) => Math.round(latenciesUs[Math.floor(latenciesUs.length * share)] ?? 0);
const expected = mode === 'resume' ? Math.max(0, latenciesUs.length - Number(connections)) : 0;
const summary = {
  requests: latenciesUs.length,
  bytes,
  durationUs: Math.round((performance.now() - beganMs) * 1000),
  failed: failed + Math.max(0, expected - resumed - failed),
  p50Us: at(0.5),
  p99Us: at(0.99),
  errors: `${failed} without an answer, ${resumed} of ${latenciesUs.length} resumed`,
};
console.log(`\nwrk-summary ${JSON.stringify(summary)}`);
