// What may be written for grpcWeb. Knows nothing of how exchanges run.

import { z } from 'zod';

export const name = 'grpcWeb';

export const documentation =
  'Translates gRPC-Web, which browsers can speak, into gRPC: binary (`application/grpc-web`) and text (`application/grpc-web-text`), over HTTP/1.1 and HTTP/2. ' +
  'Other requests pass as they are, so that one route serves browsers and gRPC clients. The upstream must speak HTTP/2: `protocol: h2` or `h2c`. ' +
  'Refusals of the gateway become gRPC statuses. For browsers on other sites put `cors` before it, with `exposeHeaders: [grpc-status, grpc-message]`.';

export const schema = z.strictObject({});

export type GrpcWebConfig = z.output<typeof schema>;
