// Decides which program makes the load: h2load for HTTP/2 and gRPC, wrk for everything else.

import { runH2load } from './h2load.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { runWrk } from './wrk.ts';

export function runLoad(options: LoadOptions): Promise<LoadResult> {
  const [mode] = options.request;
  return mode === 'h2' || mode === 'grpc' ? runH2load(options) : runWrk(options);
}
