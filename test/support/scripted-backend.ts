// A backend that answers with given bytes, valid or not. The number in the path, as in `/script/7`, selects them.

import { createServer, type Socket } from 'node:net';
import { listeningPort } from './listening-port.ts';

export interface ScriptedBackend {
  readonly port: number;
  /** Request lines received, in order. */
  readonly requestLines: readonly string[];
  /** Connections accepted so far. */
  connections(): number;
  stop(): Promise<void>;
}

export interface Script {
  readonly bytes: Buffer;
  /** Keeps the connection open after the bytes; otherwise it is ended. */
  readonly keepOpen?: boolean;
}

/** Sends the script's bytes once the head of a request has arrived, whatever the head contains. */
export async function startScriptedBackend(scripts: readonly Script[]): Promise<ScriptedBackend> {
  const requestLines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(socket => {
    connections++;
    sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const line = text.slice(0, text.indexOf('\r\n'));
        text = text.slice(end + 4);
        requestLines.push(line);
        const script = scripts[Number(/\/script\/(\d+)/.exec(line)?.[1] ?? -1)];
        if (script === undefined) socket.destroy();
        else if (script.keepOpen === true) socket.write(script.bytes);
        else socket.end(script.bytes);
      }
    });
  });
  const port = await listeningPort(server);
  return {
    port,
    requestLines,
    connections: () => connections,
    stop: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
