// Caddy as a reverse proxy on one core, without TLS, admin endpoint or log.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { launch } from '../launch.ts';
import type { Peer } from '../peer.ts';

export const caddy: Peer = {
  name: 'caddy',
  note: 'GOMAXPROCS=1, no log',
  jit: false,
  abilities: [],
  version() {
    const said = spawnSync('caddy', ['version'], { encoding: 'utf8' }).stdout ?? '';
    if (said === '') throw new Error('caddy is not installed (Debian package caddy)');
    return `caddy/${said.trim().split(' ')[0]}`;
  },
  async start(setup) {
    const port = await freePort();
    const file = path.join(setup.folder, 'Caddyfile');
    const transport =
      'transport http {\n keepalive 1h\n keepalive_idle_conns_per_host 256\n versions 1.1\n compression off\n }';
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port}, http://api.example.com:${port} {
  bind 127.0.0.1
  handle /upload {
    reverse_proxy 127.0.0.1:${setup.uploadPort} {
      ${transport}
    }
  }
  handle {
    reverse_proxy 127.0.0.1:${setup.backendPort} {
      ${transport}
    }
  }
}
`,
    );
    const home = { HOME: setup.folder, XDG_DATA_HOME: setup.folder, XDG_CONFIG_HOME: setup.folder, GOMAXPROCS: '1' };
    const args = ['run', '--config', file, '--adapter', 'caddyfile'];
    const { child, startMs } = await launch('caddy', args, port, false, home);
    return { port, startMs, pid: () => child.pid, stop: () => child.stop() };
  },
};
