// The list of scenarios, in the order of the report.

import type { Scenario } from '../scenario.ts';
import { bodyScenarios } from './bodies.ts';
import { filters } from './filters.ts';
import { newConnections } from './new-connections.ts';
import { routes } from './routes.ts';
import { smallGet } from './small-get.ts';

export const scenarios: readonly Scenario[] = [smallGet, ...bodyScenarios, routes, filters, newConnections];
