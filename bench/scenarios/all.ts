// The list of scenarios, in the order of the report.

import type { Scenario } from '../scenario.ts';
import { smallGet } from './small-get.ts';

export const scenarios: readonly Scenario[] = [smallGet];
