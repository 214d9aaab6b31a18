// Calls by connect-web's gRPC-Web transport, for Node and for a page: the file runs in both, and so imports only what both have. Says what
// came of each call; the test knows what should have.

import { create, toBinary } from '@bufbuild/protobuf';
import { fileDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import { base64Encode } from '@bufbuild/protobuf/wire';
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type StringValueSchema,
} from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

interface Method<Kind> {
  methodKind: Kind;
  input: typeof StringValueSchema;
  output: typeof StringValueSchema;
}

const text = '.google.protobuf.StringValue';
const file = create(FileDescriptorProtoSchema, {
  name: 'test.proto',
  package: 'test',
  syntax: 'proto3',
  dependency: ['google/protobuf/wrappers.proto'],
  service: [
    {
      name: 'Echo',
      method: [
        { name: 'Unary', inputType: text, outputType: text },
        { name: 'Spread', inputType: text, outputType: text, serverStreaming: true },
      ],
    },
  ],
});
const described = fileDesc(base64Encode(toBinary(FileDescriptorProtoSchema, file)), [file_google_protobuf_wrappers]);
const Echo = serviceDesc<{ unary: Method<'unary'>; spread: Method<'server_streaming'> }>(described, 0);

export interface CallOutcomes {
  readonly unary: string;
  readonly spread: readonly string[];
  /** The status of a call that the service refuses, and its words. */
  readonly refused: string;
  /** The status of a call that the gateway refuses. */
  readonly unknown: string;
  readonly deadline: string;
}

/** `elsewhere` is a gateway, or a part of one, without a route for the service. */
export async function connectWebCalls(base: string, elsewhere: string): Promise<CallOutcomes> {
  const client = createClient(Echo, createGrpcWebTransport({ baseUrl: base }));
  const stray = createClient(Echo, createGrpcWebTransport({ baseUrl: elsewhere }));
  const spread: string[] = [];
  const { value } = await client.unary({ value: 'grüezi' });
  for await (const message of client.spread({ value: 'abc' })) spread.push(message.value);
  return {
    unary: value,
    spread,
    refused: await failureOf(client.unary({ value: 'refuse' })),
    unknown: await failureOf(stray.unary({ value: 'x' })),
    deadline: await failureOf(client.unary({ value: 'wait' }, { timeoutMs: 300 })),
  };
}

async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return `${Code[code]}: ${rawMessage}`;
  }
}
