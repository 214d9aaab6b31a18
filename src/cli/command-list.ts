// Every command with its line in the overview. The code of a command is loaded on demand, so that `run` starts faster.

import type { Command } from './command.ts';

interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** True for a command that runs the gateway until a signal ends it. */
  readonly serves?: true;
}

export const commandList: readonly ListedCommand[] = [
  {
    name: 'run',
    summary: 'run the gateway',
    load: async () => (await import('./run.ts')).run,
    serves: true,
  },
  {
    name: 'validate',
    summary: 'check a configuration and report every error at once',
    load: async () => (await import('./validate.ts')).validate,
  },
  {
    name: 'explain',
    summary: 'show which route a request would take, and why, without sending it',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'audit',
    summary: 'check that every route that is not public requires credentials',
    load: async () => (await import('./audit.ts')).audit,
  },
  {
    name: 'routes',
    summary: 'list the routes',
    load: async () => (await import('./routes.ts')).routes,
  },
  {
    name: 'diff',
    summary: 'show what would change from one configuration to another',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'keys',
    summary: 'add, list and revoke API keys in a store',
    load: async () => (await import('./keys.ts')).keys,
  },
  {
    name: 'password',
    summary: 'print the hash of a password, for the basic filter',
    load: async () => (await import('./password.ts')).password,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of the configuration, for editors',
    load: async () => (await import('./schema.ts')).schema,
  },
  {
    name: 'drill',
    summary: 'test how failures and overload would affect callers',
    load: async () => (await import('./drill.ts')).drill,
  },
  {
    name: 'demo',
    summary: 'run the gateway with small services behind it, to try it out',
    load: async () => (await import('./demo.ts')).demo,
    serves: true,
  },
];
