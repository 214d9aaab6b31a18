// Compiles a route's `async` to the plan for deferred responses, and to the route on which clients fetch them.

import { messageOf } from '../base/message-of.ts';
import type { RouteConfig } from '../config/config.ts';
import type { DeferralConfig } from '../config/rollout-config.ts';
import { ANSWERS_PATH } from '../exchange/deferred/answers-path.ts';
import { type DeferralEvent, deferralLabel } from '../exchange/deferred/deferral-events.ts';
import { DeferralPlan } from '../exchange/deferred/deferral-plan.ts';
import { type Destination, Route, RoutePlan, type RouteSettings } from '../exchange/route.ts';
import type { SharedTableNeed, WorkerServices } from '../exchange/worker-services.ts';
import { arrivalConditions } from '../route/arrival-conditions.ts';
import { answerTableBytes } from '../store/answer-table.ts';
import type { AnswerShelf } from '../store/answers/answer-shelf.ts';
import { answersIn } from '../store/answers/answers-in.ts';
import { MemoryAnswers } from '../store/answers/memory-answers.ts';
import type { Store } from '../store/store.ts';
import { offsetIn } from '../telemetry/metric-registry.ts';
import { opaqueToken } from '../upstream/affinity.ts';
import { type StockedWorkshop, silentChain } from './compile-chain.ts';
import type { StoreShelf } from './compile-stores.ts';
import type { Report } from './report.ts';

/** The shared tables for deferred responses kept in memory. Routes with the same memory settings share one table, by its name. */
export function deferralTables(routes: readonly RouteConfig[]): SharedTableNeed[] {
  const tables: SharedTableNeed[] = [];
  for (const { async: deferral } of routes) {
    if (deferral === undefined || deferral.store !== undefined) continue;
    const bytes = answerTableBytes(deferral.memoryBytes, deferral.answerBytesMax);
    tables.push({ name: tableName(deferral), bytes });
  }
  return tables;
}

/** The parts of a route that its deferred exchanges share with the others. */
interface Deferred {
  readonly name: string;
  readonly match: RouteConfig['match'];
  readonly destination: Destination;
  readonly settings: RouteSettings;
  readonly metricsOffset: number;
}

/** Null, with a problem reported, when the store does not exist or cannot keep responses. */
export function compileDeferral(
  deferral: DeferralConfig,
  { name, match, destination, settings, metricsOffset }: Deferred,
  { worker, shelf: stores, eventMetricOffsets }: StockedWorkshop,
  report: Report,
): DeferralPlan | null {
  const shelf = shelfOf(deferral, worker, stores);
  if (typeof shelf === 'string') return report.at('store').fail(shelf);
  const silent = new Route(name, new RoutePlan(silentChain([]), destination, settings), metricsOffset);
  const eventCell = (event: DeferralEvent) => offsetIn(eventMetricOffsets, deferralLabel(event));
  return new DeferralPlan(deferral, shelf, answersWord(name), silent, eventCell, arrivalConditions(match));
}

/** Where the responses are kept. A returned string is the reason, for the operator, why there is no such place. */
function shelfOf(deferral: DeferralConfig, worker: WorkerServices, stores: StoreShelf): AnswerShelf | string {
  if (deferral.store === undefined) {
    return new MemoryAnswers(worker.sharedTable(tableName(deferral)), deferral.answerBytesMax);
  }
  const store = storeIn(stores, deferral.store);
  if (typeof store === 'string') return store;
  const shelf = answersIn(store, deferral);
  return shelf ?? `answers are kept in Redis or SQLite; the store "${deferral.store}" is ${store.kind}`;
}

function storeIn(stores: StoreShelf, name: string): Store | string {
  try {
    return stores.use(name);
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Routes for fetching deferred responses, by the word in their URL; undefined when there are none. The chain of the original route
 * runs on each, so that its filters identify the caller.
 */
export function answerRoutes(routes: Iterable<Route>): ReadonlyMap<string, Route> | undefined {
  const byWord = new Map<string, Route>();
  for (const { name, plan, metricsOffset } of routes) {
    const { chain, deferral } = plan;
    if (deferral === null) continue;
    const shown = new RoutePlan(chain, { kind: 'answers', plan: deferral });
    byWord.set(answersWord(name), new Route(name, shown, metricsOffset));
  }
  return byWord.size === 0 ? undefined : byWord;
}

function answersWord(routeName: string): string {
  return opaqueToken(ANSWERS_PATH, routeName);
}

function tableName({ memoryBytes, answerBytesMax }: DeferralConfig): string {
  return `answers ${memoryBytes} ${answerBytesMax}`;
}
