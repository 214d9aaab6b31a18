// A gRPC service and its client by the reference library. Messages are plain bytes, so that tests compare exactly what was sent.

import {
  type ChannelOptions,
  type Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;

function method(path: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

export const echoService = {
  unary: method('/test.Echo/Unary', false, false),
  collect: method('/test.Echo/Collect', true, false),
  spread: method('/test.Echo/Spread', false, true),
  talk: method('/test.Echo/Talk', true, true),
};

export interface EchoHandlers {
  readonly unary?: handleUnaryCall<Buffer, Buffer>;
  readonly collect?: handleClientStreamingCall<Buffer, Buffer>;
  readonly spread?: handleServerStreamingCall<Buffer, Buffer>;
  readonly talk?: handleBidiStreamingCall<Buffer, Buffer>;
}

const unlimited: ChannelOptions = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** Serves on a free port in plain text. Methods without a handler echo. */
export async function startEcho(handlers: EchoHandlers): Promise<{ readonly port: number; stop(): void }> {
  const server = new Server(unlimited);
  const echoes: Required<EchoHandlers> = {
    unary: (call, callback) => callback(null, call.request),
    collect: (call, callback) => {
      const pieces: Buffer[] = [];
      call.on('data', (piece: Buffer) => pieces.push(piece));
      call.on('end', () => callback(null, Buffer.concat(pieces)));
    },
    spread: call => {
      for (const byte of call.request) call.write(Buffer.of(byte));
      call.end();
    },
    talk: call => {
      call.on('data', (piece: Buffer) => call.write(piece));
      call.on('end', () => call.end());
    },
  };
  server.addService(echoService, { ...echoes, ...handlers });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}

const EchoClient = makeGenericClientConstructor(echoService, 'test.Echo');

/** A client with its own connection. Call the methods by `makeUnaryRequest` and the like. */
export function echoClient(port: number): Client {
  return new EchoClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...unlimited,
    'grpc.use_local_subchannel_pool': 1,
  });
}
