// Configuration schema and documentation of grpcWeb. Knows nothing of how exchanges run.

import { z } from 'zod';

export const name = 'grpcWeb';

export const documentation =
  'Translates gRPC-Web, which browsers can use, into gRPC: binary (`application/grpc-web`) and text (`application/grpc-web-text`), over HTTP/1.1 and HTTP/2. ' +
  'Other requests pass unchanged, so that one route can serve browsers and gRPC clients. The upstream must use HTTP/2: `protocol: h2` or `h2c`. ' +
  'Refusals of the gateway become gRPC statuses. For browsers on other sites put `cors` before it, with `exposeHeaders: [grpc-status, grpc-message]`.';

export const schema = z.strictObject({});

export type GrpcWebConfig = z.output<typeof schema>;
