// Why a connection could not be made, for the operator: the system's code, and where it is not the endpoint's fault, whose it is.

/** `error` is what the socket said; TLS has words of its own. */
export function connectFailure({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EMFILE' || code === 'ENFILE') return `the gateway has no file descriptor left for it (${code})`;
  if (code === 'EADDRNOTAVAIL') return `the gateway has no address or port left to connect from (${code})`;
  return code ?? message;
}
