// The connections to the service are closed when it is not asked for a while.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { AuthService } from './auth-service.ts';
import { schema } from './config.ts';

test('a connection that nobody uses is closed, however long the service would keep it', async t => {
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  const opened = once(server, 'connection') as Promise<[Socket]>; // Because: that is what the event carries.
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // Because: a TCP server that listens has a port.
  const service = new AuthService(schema.parse({ url: `http://127.0.0.1:${port}/` }), 100);
  const asking: FilterDefinition<object> = {
    name: 'asking',
    build: () => ({
      async onRequest(exchange) {
        assert.equal((await service.ask(exchange)).kind, 'admitted');
      },
    }),
  };
  const gateway = await startFilterGateway([written(asking, z.object({}), {})], (_request, response) =>
    response.end('in'),
  );
  t.after(() => gateway.stop());
  assert.equal((await ask(gateway.port)).status, 200);
  const [connection] = await opened;
  await once(connection, 'close', { signal: AbortSignal.timeout(10_000) });
});
