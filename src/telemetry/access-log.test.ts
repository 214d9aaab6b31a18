import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as elapsed } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { eventually } from '../../test/support/eventually.ts';
import { AccessLog } from './access-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'cardea-access-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const modulePath = JSON.stringify(new URL('./access-log.ts', import.meta.url).href);

/** Appends `count` lines `prefix-i-xxx` of varying length and closes the log. */
function writerCode(options: string, prefix: string, count: number): string {
  return `const { AccessLog } = await import(${modulePath});
    let dropped = 0;
    const log = new AccessLog({ ...${options}, onDropped: lines => { dropped += lines; } });
    const { parentPort } = await import('node:worker_threads');
    for (let i = 0; i < ${count}; i++) {
      if (i === 800) parentPort?.postMessage('much is under way');
      log.append('${prefix}-' + i + '-' + 'x'.repeat(i % 700) + '-end');
      if (i % 900 === 0) await log.flush();
    }
    await log.close();
    if (dropped !== 0) throw new Error('dropped ' + dropped);`;
}

/** Runs writers side by side in worker threads. `begun`: all have lines under way; `done`: all ended well. */
function runWriters(path: string, prefixes: string[], count: number): { begun: Promise<unknown>; done: Promise<void> } {
  const workers = prefixes.map(prefix => {
    const code = `(async () => { ${writerCode(JSON.stringify({ path }), prefix, count)} })()`;
    return new Worker(code, { eval: true });
  });
  const done = Promise.all(workers.map(worker => once(worker, 'exit'))).then(exits => {
    for (const [exitCode] of exits) assert.equal(exitCode, 0);
  });
  return { begun: Promise.all(workers.map(worker => once(worker, 'message'))), done };
}

/** Every line is whole, none is missing, and the lines of each writer are in order. */
function assertWhole(text: string, prefixes: string[], count: number): void {
  assert.ok(text.endsWith('\n'));
  const next = new Map(prefixes.map(prefix => [prefix, 0]));
  for (const line of text.slice(0, -1).split('\n')) {
    const [, prefix = '', number, filler = ''] =
      /^([a-z])-(\d+)-(x*)-end$/.exec(line) ?? assert.fail(`broken line: ${line.slice(0, 80)}`);
    assert.equal(Number(number), next.get(prefix));
    assert.equal(filler.length, Number(number) % 700);
    next.set(prefix, Number(number) + 1);
  }
  assert.deepEqual(
    [...next.values()],
    prefixes.map(() => count),
  );
}

test('lines come out in order and whole, across many buffers, one larger than a buffer too', async () => {
  const path = join(folder, 'order.log');
  let written = 0;
  const log = new AccessLog({ path, onWritten: lines => (written += lines) });
  const lines = Array.from({ length: 3_000 }, (_, i) => `${i}:${'y'.repeat(i === 1_500 ? 200_000 : i % 300)}`);
  for (const line of lines) log.append(line);
  await log.close();
  assert.equal(readFileSync(path, 'latin1'), `${lines.join('\n')}\n`);
  assert.equal(written, lines.length);
  log.append('after the end');
  await log.close();
});

test('a line alone is written within about a second, and again after a pause', async () => {
  const path = join(folder, 'timer.log');
  let arrived = () => {};
  const log = new AccessLog({ path, onWritten: () => arrived() });
  // The log's own timer keeps no process alive; this one does.
  const alive = setInterval(() => {}, 1_000);
  for (const line of ['first', 'second']) {
    const written = new Promise<void>(resolve => (arrived = resolve));
    log.append(line);
    const start = performance.now();
    await written;
    assert.ok(performance.now() - start < 3_000);
  }
  clearInterval(alive);
  assert.equal(readFileSync(path, 'latin1'), 'first\nsecond\n');
  await log.close();
});

test('after a rotation lines go to the new file, and none is lost', async () => {
  const path = join(folder, 'rotate.log');
  const log = new AccessLog({ path });
  for (let i = 0; i < 1_000; i++) log.append(`old ${i} ${'z'.repeat(200)}`);
  renameSync(path, `${path}.1`);
  log.reopen();
  for (let i = 0; i < 10; i++) log.append(`new ${i}`);
  await log.close();
  const all = readFileSync(`${path}.1`, 'latin1') + readFileSync(path, 'latin1');
  assert.equal(all.trimEnd().split('\n').length, 1_010);
  assert.ok(readFileSync(path, 'latin1').endsWith('new 9\n'));
});

test('when the new file cannot be opened the old one goes on', async () => {
  const path = join(folder, 'gone', 'x.log');
  execFileSync('mkdir', [join(folder, 'gone')]);
  const errors: Error[] = [];
  const log = new AccessLog({ path, onError: error => errors.push(error) });
  renameSync(join(folder, 'gone'), join(folder, 'moved'));
  log.reopen();
  log.append('still here');
  await log.close();
  assert.match(errors[0]!.message, /^accessLog\.path: there is no folder .*gone$/);
  assert.equal(readFileSync(join(folder, 'moved', 'x.log'), 'latin1'), 'still here\n');
});

test('a file that cannot be opened is an error at once, and `off` opens none', async () => {
  assert.throws(
    () => new AccessLog({ path: join(folder, 'no', 'such', 'folder.log') }),
    /accessLog\.path: there is no folder .*such$/,
  );
  const off = new AccessLog({ path: 'off' });
  assert.equal(off.enabled, false);
  off.append('nothing');
  off.reopen();
  await off.flush();
  await off.close();
});

test('a full disk costs lines, counted, and one message; never the worker', async () => {
  let dropped = 0;
  const errors: Error[] = [];
  const log = new AccessLog({
    path: '/dev/full',
    onDropped: lines => (dropped += lines),
    onError: error => errors.push(error),
  });
  for (let i = 0; i < 2_000; i++) log.append(`${i} ${'x'.repeat(200)}`);
  await log.close();
  assert.equal(dropped, 2_000);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!.message, /ENOSPC/);
});

/** A log, and what it has told so far: how many lines are lost and written, and its messages with the numbers of lost lines between. */
function logThatTells(path: string) {
  const told = { dropped: 0, written: 0, messages: [] as (string | number)[] };
  const log = new AccessLog({
    path,
    onDropped: lines => (told.dropped += lines),
    onWritten: lines => (told.written += lines),
    onError: ({ message }) => told.messages.push(message),
    onWorksAgain: lost => told.messages.push(lost),
  });
  return { log, told };
}

test('a line that broke off when the disk was full is not continued by the next one, and what was written is not counted as lost', async t => {
  const path = join(folder, 'torn.log');
  // Beyond the limit the system takes a part of a write, and nothing of the next one, as on a full disk.
  const limitFiles = (bytes: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
  t.after(() => limitFiles('unlimited'));
  const { log, told } = logThatTells(path);
  limitFiles('1000');
  for (let i = 0; i < 20; i++) log.append(`first ${'x'.repeat(70)} end`);
  await log.flush();
  // Still full.
  log.append('lost end');
  await log.flush();
  limitFiles('unlimited');
  for (let i = 0; i < 3; i++) log.append('later end');
  await log.close();
  const lines = readFileSync(path, 'latin1').trimEnd().split('\n');
  const whole = lines.filter(line => /^(first x{70}|later) end$/.test(line));
  assert.equal(lines.length, whole.length + 1);
  assert.deepEqual(lines.slice(-3), ['later end', 'later end', 'later end']);
  assert.deepEqual([told.written, told.dropped], [whole.length, 24 - whole.length]);
  const [reason, lost] = told.messages;
  assert.match(String(reason), /^EFBIG/);
  assert.equal(lost, told.dropped);
  assert.equal(told.messages.length, 2);
});

test('a reader that does not read costs lines beyond the backlog, and memory stays bounded', async () => {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const copy = join(folder, 'fifo-copy');
  // Opens both ends, so that the log can open its own without a reader.
  const bothEnds = openSync(path, constants.O_RDWR);
  const { log, told } = logThatTells(path);
  const line = 'q'.repeat(1_023);
  for (let i = 0; i < 20_000; i++) log.append(line);
  assert.ok(told.dropped > 10_000, `${told.dropped} dropped`);
  const reader = spawn('dd', [`if=${path}`, `of=${copy}`, 'status=none']);
  const ended = once(reader, 'exit');
  await log.close();
  closeSync(bothEnds);
  await ended;
  const { written, dropped, messages } = told;
  assert.equal(written + dropped, 20_000);
  assert.deepEqual(messages, [
    'what reads it takes less than there is; lines beyond the 8 MiB that wait are dropped',
    dropped,
  ]);
  assert.equal(readFileSync(copy).length, written * 1_024);
  assert.ok(written * 1_024 <= 8 * 1_024 * 1_024 + 65_536);
});

test('two workers on one file never mix their lines', async () => {
  const path = join(folder, 'shared.log');
  await runWriters(path, ['a', 'b'], 5_000).done;
  assertWhole(readFileSync(path, 'latin1'), ['a', 'b'], 5_000);
});

test('two workers on one pipe never mix their lines, though the reader is late and slow', async () => {
  const path = join(folder, 'shared-fifo');
  const copy = join(folder, 'shared-copy.log');
  execFileSync('mkfifo', [path]);
  const bothEnds = openSync(path, constants.O_RDWR);
  const writers = runWriters(path, ['a', 'b'], 2_000);
  // Both must be stuck in a full pipe: there a write of more than PIPE_BUF is cut and mixed with the other's.
  await writers.begun;
  await elapsed(200);
  const reader = spawn('dd', [`if=${path}`, `of=${copy}`, 'bs=700', 'status=none']);
  const ended = once(reader, 'exit');
  await writers.done;
  closeSync(bothEnds);
  await ended;
  assertWhole(readFileSync(copy, 'latin1'), ['a', 'b'], 2_000);
});

test('standard output as a pipe that does not block is retried until the reader comes', async () => {
  // A child of Node has a non-blocking socket as standard output once its own stream touched it.
  const code = `process.stdout._handle.setBlocking?.(false); ${writerCode("{ path: 'stdout' }", 'c', 3_000)}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  await elapsed(300);
  let text = '';
  child.stdout.setEncoding('latin1').on('data', piece => (text += piece));
  await once(child.stdout, 'end');
  assert.deepEqual(await exit, [0, null]);
  assertWhole(text, ['c'], 3_000);
});

test('a reader of standard output that went away costs lines, not the process', async () => {
  const code = `const { AccessLog } = await import(${modulePath});
    let dropped = 0;
    const log = new AccessLog({ path: 'stdout', onDropped: lines => { dropped += lines; } });
    process.stdin.once('data', async () => {
      for (let i = 0; i < 1000; i++) log.append('x'.repeat(500));
      await log.close();
      console.error('dropped', dropped);
      process.exit(0);
    });
    console.error('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  await once(child.stderr, 'data');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  const said = once(child.stderr, 'data');
  child.stdin.write('go\n');
  assert.equal(String((await said)[0]), 'dropped 1000\n');
  assert.deepEqual(await exit, [0, null]);
});

test('a reader that is gone holds up neither a rotation nor the end', async () => {
  const path = join(folder, 'fifo-alone');
  execFileSync('mkfifo', [path]);
  let dropped = 0;
  const errors: Error[] = [];
  const log = new AccessLog({ path, onDropped: lines => (dropped += lines), onError: error => errors.push(error) });
  for (let i = 0; i < 200; i++) log.append('r'.repeat(1_023));
  log.reopen();
  await log.close(50);
  assert.ok(dropped >= 100 && dropped <= 200, `${dropped} dropped`);
  assert.match(errors[0]!.message, /takes nothing/);
});

test('standard output as a pipe that nobody reads does not hold up the end of the process', async () => {
  const path = join(folder, 'fifo-stdout');
  execFileSync('mkfifo', [path]);
  const bothEnds = openSync(path, constants.O_RDWR);
  const code = `const { AccessLog } = await import(${modulePath});
    const log = new AccessLog({ path: 'stdout' });
    for (let i = 0; i < 1000; i++) log.append('x'.repeat(500));
    await log.close(50);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', bothEnds, 'inherit'],
  });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  closeSync(bothEnds);
});

test('nor does a write that is under way when its reader is given up', { timeout: 60_000 }, async t => {
  const path = join(folder, 'fifo-given-up');
  execFileSync('mkfifo', [path]);
  const bothEnds = openSync(path, constants.O_RDWR);
  // Retries follow each other within 1 to 64 ms: some of so many calls of `close` meet one.
  const code = `const { AccessLog } = await import(${modulePath});
    await Promise.all(Array.from({ length: 200 }, (_, at) => {
      const log = new AccessLog({ path: ${JSON.stringify(path)} });
      for (let i = 0; i < 200; i++) log.append('x'.repeat(500));
      return log.close(at / 2);
    }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  closeSync(bothEnds);
});

test('a pipe that the process may only write to is written to', async () => {
  const path = join(folder, 'fifo-for-others');
  execFileSync('mkfifo', [path]);
  chmodSync(folder, 0o711);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  chmodSync(path, 0o222);
  const code = `const { AccessLog } = await import(${modulePath});
    if (process.getuid() === 0) process.setuid(65534);
    const log = new AccessLog({ path: ${JSON.stringify(path)} });
    log.append('line');
    await log.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const bytes = Buffer.alloc(16);
  assert.equal(bytes.toString('latin1', 0, readSync(reader, bytes)), 'line\n');
  closeSync(reader);
});

test('a line that was cut by a full disk spoils no line that comes after it', async () => {
  const path = join(folder, 'cut.log');
  // SIGXFSZ is ignored by Node: a write beyond the limit is cut, and the next one fails.
  const code = `const { AccessLog } = await import(${modulePath});
    let dropped = 0, written = 0;
    const log = new AccessLog({ path: ${JSON.stringify(path)}, onDropped: lines => { dropped += lines; }, onWritten: lines => { written += lines; } });
    for (let i = 0; i < 20; i++) log.append('a'.repeat(999));
    await log.flush();
    const { execFileSync } = await import('node:child_process');
    execFileSync('prlimit', ['--pid=' + process.pid, '--fsize=unlimited:']);
    log.append('after');
    await log.close();
    console.error(written, dropped);`;
  const child = spawn('prlimit', ['--fsize=10500:', process.execPath, '--input-type=module', '-e', code], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exit = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', text => (said += text));
  assert.deepEqual(await exit, [0, null], said);
  assert.equal(said, '11 10\n');
  assert.deepEqual(readFileSync(path, 'latin1').split('\n').slice(-3), ['a'.repeat(500), 'after', '']);
});

test('a new file that gets the descriptor of an earlier one is treated as new: no line end in front', async t => {
  const path = join(folder, 'reopened.log');
  const limitFiles = (bytes: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
  t.after(() => limitFiles('unlimited'));
  const log = new AccessLog({ path });
  limitFiles('1000');
  for (let i = 0; i < 20; i++) log.append(`first ${'x'.repeat(70)} end`);
  await log.flush();
  limitFiles('unlimited');
  // Once the torn file is closed, its descriptor is free for the next file: at the second reopening, unless a lower one is free.
  const torn = descriptorOf(path);
  for (let n = 0; n < 10 && (n === 0 || descriptorOf(path) !== torn); n++) {
    renameSync(path, `${path}.1`);
    log.reopen();
    await eventually(() => descriptorOf(`${path}.1`) === undefined, 'the file before is closed');
  }
  log.append('later end');
  await log.close();
  assert.equal(readFileSync(path, 'latin1'), 'later end\n');
});

/** The descriptor with which this process has the file open; undefined when it has not. */
function descriptorOf(path: string): string | undefined {
  return readdirSync('/proc/self/fd').find(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // Because: the folder's own descriptor is closed by now
    }
  });
}

test('a log without traffic leaves an empty file', async () => {
  const path = join(folder, 'empty.log');
  const log = new AccessLog({ path });
  await log.flush();
  await log.close();
  assert.ok(existsSync(path));
  assert.equal(readFileSync(path, 'latin1'), '');
});
