// What `npm test` prints when servers are missing that it may not install: each program with package and reason, and one install command.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Runs as a user without rights, with an empty PATH, so that only the system folders for servers are searched. */
const program = `
  process.getuid = () => 1000;
  process.env.PATH = '/nonexistent';
  const { ensurePackages, testPackages } = await import(process.argv[1]);
  const names = testPackages.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  const absent = [
    { name: 'some-server', command: 'no-such-program', why: 'it is asked' },
    { name: 'other-tool', command: 'no-other-program', why: 'it asks' },
  ];
  console.log(JSON.stringify({ twice, none: ensurePackages([]), some: ensurePackages(absent) }));
`;

test('what is missing is named with its package, once, and nothing is tried that is not allowed', () => {
  const script = new URL('./debian-packages.mjs', import.meta.url).href;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program, script], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { twice: [], none: true, some: false });
  assert.match(stderr, /no-such-program +Debian package some-server +it is asked\n/);
  assert.match(
    stderr,
    /install them with:\n {2}sudo apt-get install --no-install-recommends some-server other-tool\n$/,
  );
  assert.doesNotMatch(stderr, /installing/);
});
