// Endpoints that are Unix sockets: where a host or an address may stand, a text that begins with a slash is the path of one.

/** What `sockaddr_un` has room for on Linux, without the zero at its end. */
export const SOCKET_PATH_BYTES_MAX = 107;

export function isSocketPath(host: string): boolean {
  return host.startsWith('/');
}
