// The last frame of a gRPC-Web response: the gRPC trailers as field lines, marked by the top bit of the frame's first byte.

const TRAILERS = 0x80;

/** Returns the whole frame, with the names in lower case. */
export function trailerFrame(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  let lines = '';
  for (const [name, value] of fields) lines += `${name.toLowerCase()}: ${value}\r\n`;
  const frame = Buffer.allocUnsafe(5 + lines.length);
  frame[0] = TRAILERS;
  frame.writeUInt32BE(lines.length, 1);
  frame.write(lines, 5, 'latin1');
  return frame;
}
