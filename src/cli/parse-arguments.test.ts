// The command line is parsed strictly, and an error suggests the nearest valid name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, configOption, ExitCode, jsonOption } from './command.ts';
import { nearestName } from './nearest-name.ts';
import { parseArguments, UsageError } from './parse-arguments.ts';

const command: Command = {
  name: 'try',
  summary: '',
  details: '',
  options: {
    config: configOption,
    json: jsonOption,
    header: { type: 'string', short: 'H', multiple: true, value: 'TEXT', help: '' },
  },
  positionals: [{ name: 'METHOD', help: '' }],
  run: async () => ExitCode.ok,
};

test('options in every form, and values that look like options', () => {
  const args = parseArguments(command, ['-c', 'a.yaml', '-H', 'a: 1', '--header=b: -2', '--json', 'GET']);
  assert.equal(args.text('config'), 'a.yaml');
  assert.deepEqual(args.texts('header'), ['a: 1', 'b: -2']);
  assert.equal(args.flag('json'), true);
  assert.equal(args.flag('help'), false);
  assert.deepEqual(args.positionals, ['GET']);
});

const wrong: [string[], RegExp][] = [
  [['--confg', 'x', 'GET'], /no option --confg; did you mean --config\?/],
  [['--nothing-like-it', 'GET'], /no option --nothing-like-it; see cardea try --help/],
  [['-x', 'GET'], /no option -x/],
  [['--config'], /--config needs a value/],
  [['--config=', 'GET'], /--config needs a value/],
  [['--json=yes', 'GET'], /--json takes no value/],
  [['-c', 'a', '-c', 'b', 'GET'], /-c is given twice/],
  [[], /needs METHOD/],
  [['GET', 'more'], /does not know what to do with "more"/],
  [['--toString', 'GET'], /no option --toString/],
];
for (const [args, message] of wrong) {
  test(`wrong: ${args.join(' ') || '(nothing)'}`, () => {
    assert.throws(
      () => parseArguments(command, args),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('help needs no positionals', () => {
  assert.equal(parseArguments(command, ['--help']).flag('help'), true);
});

test('the nearest name', () => {
  const names = ['run', 'validate', 'explain', 'routes', 'diff'];
  assert.equal(nearestName('vaildate', names), 'validate');
  assert.equal(nearestName('route', names), 'routes');
  assert.equal(nearestName('val', names), 'validate');
  assert.equal(nearestName('rnu', names), 'run');
  assert.equal(nearestName('serve', names), undefined);
});
