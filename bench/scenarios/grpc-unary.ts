// gRPC: unary calls with a message of 128 bytes, which the same backend behind every proxy sends back. HTTP/2 in plain text on both sides.

import { startGrpcEcho } from '../backend/grpc-echo.ts';
import { grpcHash, grpcPath } from '../backend/grpc-message.ts';
import type { Scenario } from '../scenario.ts';
import { loadScenario } from './load-scenario.ts';

const MESSAGE_BYTES = 128;
const name = 'grpc-unary';
const title = 'gRPC: unary echo of 128 bytes, 8 connections of 16 streams';

export const grpcUnary: Scenario = {
  name,
  title,
  needs: 'grpc',
  async run(context) {
    const backend = await startGrpcEcho();
    try {
      const scenario = loadScenario({
        name,
        title,
        variants: [
          {
            name: '',
            setup: { http2: true, grpcPort: backend.port },
            request: ['grpc', grpcPath, MESSAGE_BYTES],
            answer: { path: grpcPath, bytes: MESSAGE_BYTES, hash: grpcHash(MESSAGE_BYTES) },
          },
        ],
      });
      return await scenario.run(context);
    } finally {
      await backend.stop();
    }
  },
};
