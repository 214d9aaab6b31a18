// Which program makes the load: h2load for HTTP/2, wrk for everything else.

import { runH2load } from './h2load.ts';
import { runWrk, type WrkOptions, type WrkResult } from './wrk.ts';

export function runLoad(options: WrkOptions): Promise<WrkResult> {
  return options.request[0] === 'h2' ? runH2load(options) : runWrk(options);
}
