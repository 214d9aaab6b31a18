// cardea password: prints the hash of a password for the basic filter. Reads the password from standard input, since other processes can
// see arguments.

import { text } from 'node:stream/consumers';
import { hashPassword } from '../runtime/hash-password.ts';
import { type Command, ExitCode } from './command.ts';

export const password: Command = {
  name: 'password',
  summary: 'Prints the hash of a password, for users of the basic filter.',
  details:
    'The password is the first line of standard input: `cardea password < secret.txt`. The hash is argon2id with 19 MiB and two passes.',
  options: {},
  positionals: [],
  async run(_args, terminal) {
    if (process.stdin.isTTY) terminal.err('password, then Enter and Ctrl-D (it is shown while you type):');
    const [line = ''] = (await text(process.stdin)).split(/\r?\n/);
    if (line === '') {
      terminal.err('standard input contains no password');
      return ExitCode.failed;
    }
    terminal.out(await hashPassword(line));
    return ExitCode.ok;
  },
};
