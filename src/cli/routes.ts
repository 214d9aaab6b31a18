// cardea routes: lists the routes of a configuration as a table.

import { filterText, listRoutes } from '../control/route-list.ts';
import { type Command, configOption, ExitCode, jsonOption } from './command.ts';
import { loadOrTell } from './load-or-tell.ts';
import { textTable } from './text-table.ts';

export const routes: Command = {
  name: 'routes',
  summary: 'Lists the routes in the order of the configuration.',
  details: 'Which one a request takes depends on precedence, not on order alone: see cardea explain.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
  async run(args, terminal) {
    const config = await loadOrTell(args, terminal);
    if (config === null) return ExitCode.failed;
    const listed = listRoutes(config);
    if (args.flag('json')) {
      terminal.json(listed);
      return ExitCode.ok;
    }
    // Because: hardly any configuration names listeners or clients.
    const columns = (
      [
        ['listeners', 'LISTENER'],
        ['clients', 'CLIENT'],
      ] as const
    ).filter(([key]) => listed.some(route => route[key].length > 0));
    const rows = listed.map(route => [
      route.name,
      ...columns.map(([key]) => route[key].join(',') || '*'),
      route.hosts.join(',') || '*',
      route.methods.join(',') || '*',
      route.path + (route.conditions === 0 ? '' : ` +${route.conditions}`),
      [...config.filters.map(filterText), ...route.filters].join(',') || '-',
      route.to,
      route.public ? 'public' : '',
    ]);
    terminal.out(
      textTable(['ROUTE', ...columns.map(([, title]) => title), 'HOST', 'METHOD', 'PATH', 'FILTERS', 'TO', ''], rows),
    );
    return ExitCode.ok;
  },
};
