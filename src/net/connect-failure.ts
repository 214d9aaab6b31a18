// Turns the error of a failed connection attempt into a fault, with the system's code for the operator. The fault is the gateway's
// own, not the endpoint's, when the gateway has no file descriptor left.

import { Fault } from '../base/fault.ts';

/** Takes the error that the socket reported. Errors of TLS have texts of their own (tls/client-tls.ts). */
export function connectFault({ code, message }: NodeJS.ErrnoException): Fault {
  // A limit of the process or of the machine: no endpoint at all can be connected to.
  if (code === 'EMFILE' || code === 'ENFILE')
    return new Fault('descriptors_exhausted', '', `no file descriptor left (${code})`);
  // The local ports towards this endpoint are used up; towards another endpoint some may be free.
  if (code === 'EADDRNOTAVAIL')
    return new Fault('upstream_connect_failed', '', `no address or port left to connect from (${code})`);
  return new Fault('upstream_connect_failed', '', code ?? message);
}
