// Compiles a route's `fallback: { cache }` to the cache of its good responses.

import type { RouteConfig } from '../config/config.ts';
import type { KeptAnswersConfig } from '../config/resilience-config.ts';
import { KeptAnswers } from '../exchange/kept/kept-answers.ts';
import type { SharedTableNeed } from '../exchange/worker-services.ts';
import { AnswerTable, answerTableBytes } from '../store/answer-table.ts';

/** The shared tables for cached responses. Routes with the same memory settings share one table, by its name. */
export function fallbackCacheTables(routes: readonly RouteConfig[]): SharedTableNeed[] {
  return routes.flatMap(({ fallback }) =>
    fallback?.cache === undefined
      ? []
      : [
          {
            name: tableName(fallback.cache),
            bytes: answerTableBytes(fallback.cache.memoryBytes, fallback.cache.answerBytesMax),
          },
        ],
  );
}

/** Null when the route has no cache. `slot` is the place in the route's chain for the cache's filter. */
export function compileFallbackCache(
  { name, fallback }: RouteConfig,
  slot: number,
  sharedTable: (name: string) => SharedArrayBuffer,
): KeptAnswers | null {
  const spec = fallback?.cache;
  if (spec === undefined) return null;
  const table = new AnswerTable(sharedTable(tableName(spec)), spec.answerBytesMax);
  return new KeptAnswers(spec, table, name, slot);
}

function tableName({ memoryBytes, answerBytesMax }: KeptAnswersConfig): string {
  return `kept ${memoryBytes} ${answerBytesMax}`;
}
