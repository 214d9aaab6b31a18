// Decides which program makes the load: h2load for HTTP/2 and gRPC, wrk for everything else.

import { runH2load } from './h2load.ts';
import { runWrk, type WrkOptions, type WrkResult } from './wrk.ts';

export function runLoad(options: WrkOptions): Promise<WrkResult> {
  const [mode] = options.request;
  return mode === 'h2' || mode === 'grpc' ? runH2load(options) : runWrk(options);
}
