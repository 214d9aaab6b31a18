// The last message of a gRPC-Web response: the trailers of HTTP/2, as field lines in a frame marked by its first bit.

const TRAILERS = 0x80;

/** Names in lower case. */
export function trailerFrame(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  let lines = '';
  for (const [name, value] of fields) lines += `${name.toLowerCase()}: ${value}\r\n`;
  const frame = Buffer.allocUnsafe(5 + lines.length);
  frame[0] = TRAILERS;
  frame.writeUInt32BE(lines.length, 1);
  frame.write(lines, 5, 'latin1');
  return frame;
}
