// The list of scenarios, in the order of the report.

import type { Scenario } from '../scenario.ts';
import { bodyScenarios } from './bodies.ts';
import { filters } from './filters.ts';
import { fullPolicy } from './full-policy.ts';
import { grpcUnary } from './grpc-unary.ts';
import { http2Scenarios } from './h2-small-get.ts';
import { idleConnections } from './idle-connections.ts';
import { latency } from './latency.ts';
import { newConnections } from './new-connections.ts';
import { reload } from './reload.ts';
import { resilience } from './resilience.ts';
import { routes } from './routes.ts';
import { smallGet } from './small-get.ts';
import { start } from './start.ts';
import { taxes } from './taxes.ts';
import { tlsScenarios } from './tls.ts';

export const scenarios: readonly Scenario[] = [
  smallGet,
  ...bodyScenarios,
  routes,
  filters,
  resilience,
  ...taxes,
  fullPolicy,
  newConnections,
  ...tlsScenarios,
  ...http2Scenarios,
  grpcUnary,
  latency,
  idleConnections,
  start,
  reload,
];
