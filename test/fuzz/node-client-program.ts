// node:http2 as a client, in its own process. Started by node-client.ts, which sends messages with the responses to fetch.

import { connect } from 'node:http2';
import type { AnswerRead, AskedAnswer, GivenAnswer } from './node-client.ts';

function ask(port: number, path: string): Promise<AnswerRead> {
  return new Promise(resolve => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    const stream = session.request({ ':path': path });
    let status = 0;
    let body = '';
    let trailer = '';
    const fields: Record<string, string> = {};
    let broken = false;
    stream.setEncoding('latin1');
    stream.on('response', headers => {
      status = headers[':status'] ?? 0;
      for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':')) fields[name] = String(value);
    });
    stream.on('trailers', fields => {
      trailer = String(fields['x-t'] ?? '');
    });
    stream.on('data', (piece: string) => {
      body += piece;
    });
    stream.on('error', () => {
      broken = true;
    });
    stream.on('aborted', () => {
      broken = true;
    });
    stream.on('close', () => {
      session.destroy();
      resolve({ whole: !broken && status !== 0 && stream.rstCode === 0, status, fields, body, trailer });
    });
  });
}

process.on('message', ({ number, port, path }: AskedAnswer) => {
  void ask(port, path).then(read => process.send?.({ number, read } satisfies GivenAnswer));
});
