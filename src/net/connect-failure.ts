// Why a connection could not be made: the system's code for the operator, and the fault, which is not the endpoint's where the gateway
// itself lacks what a connection takes.

import { Fault } from '../base/fault.ts';

/** `error` is what the socket said; TLS has words of its own. */
export function connectFault({ code, message }: NodeJS.ErrnoException): Fault {
  // Of the process or the machine: no endpoint can be connected to.
  if (code === 'EMFILE' || code === 'ENFILE')
    return new Fault('descriptors_exhausted', '', `no file descriptor left (${code})`);
  // Ports are used up towards one endpoint; there may be some towards another.
  if (code === 'EADDRNOTAVAIL')
    return new Fault('upstream_connect_failed', '', `no address or port left to connect from (${code})`);
  return new Fault('upstream_connect_failed', '', code ?? message);
}
