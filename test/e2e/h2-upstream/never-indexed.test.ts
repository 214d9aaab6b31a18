// A field that came marked as never indexed is sent on marked (RFC 7541 section 6.2.3), in heads and trailers of both directions, so that no
// hop behind the gateway keeps its value in a table, where it can be guessed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../src/http/h2/hpack/decoder.ts';
import { block, Flag, FrameType, frame, H2Client, request, type SeenFrame } from '../../support/h2-client.ts';
import { start } from './h2-endpoint.ts';

/** The fields in one block, each as a literal; those of the second list are marked. */
function blockOf(plain: ReturnType<typeof request>, marked: ReturnType<typeof request>): Buffer {
  const literals = marked.map(field => {
    const literal = block([field]);
    literal[0] = 0x10;
    return literal;
  });
  return Buffer.concat([block(plain), ...literals]);
}

/** Names of the marked fields of each header block in turn. The gateway uses no table, so that each block can be read by itself. */
function marksOf(frames: readonly SeenFrame[], stream: number): string[][] {
  return frames
    .filter(each => each.type === FrameType.headers && each.stream === stream)
    .map(({ payload }) => {
      const decoded = new HpackDecoder<object>(4_096).decode(payload, 0, payload.length, 65_536);
      return [...(decoded!.neverIndexed ?? [])];
    });
}

const END = Flag.endHeaders | Flag.endStream;

test('the mark of a field passes the gateway', async t => {
  const { engine, server } = await start(
    t,
    {
      onFrame(connection, { type, flags, stream }) {
        if (type !== FrameType.headers || (flags & Flag.endStream) === 0) return;
        const head = blockOf([[':status', '200']], [['x-session', 'def']]);
        const trailers = blockOf([['x-sum', '1']], [['x-proof', 'ghi']]);
        connection.send(
          frame(FrameType.headers, Flag.endHeaders, stream, head),
          frame(FrameType.data, 0, stream, 'body'),
          frame(FrameType.headers, END, stream, trailers),
        );
      },
    },
    { protocols: ['h2c'] },
  );
  const client = await H2Client.open(engine.port);
  t.after(() => client.close());
  const [method, scheme, authority, path] = request('POST', '/?key=abc');
  // The second stream has the same fields without the marks.
  for (const [stream, marked] of [
    [1, true],
    [3, false],
  ] as const) {
    const secrets = [path!, ['x-api-key', 'abc']] as const;
    const tail = [['x-total', '1']] as const;
    client.send(
      frame(
        FrameType.headers,
        Flag.endHeaders,
        stream,
        marked
          ? blockOf([method!, scheme!, authority!], secrets)
          : blockOf([method!, scheme!, authority!, ...secrets], []),
      ),
      frame(FrameType.data, 0, stream, 'body'),
      frame(FrameType.headers, END, stream, marked ? blockOf([], tail) : blockOf(tail, [])),
    );
    const { status, body } = await client.answer(stream);
    assert.deepEqual([status, body], [200, 'body']);
  }
  const [connection] = server.connections;
  assert.deepEqual(marksOf(connection!.frames, 1), [[':path', 'x-api-key'], ['x-total']]);
  assert.deepEqual(marksOf(connection!.frames, 3), [[], []]);
  for (const stream of [1, 3]) assert.deepEqual(marksOf(client.frames, stream), [['x-session'], ['x-proof']]);
});
