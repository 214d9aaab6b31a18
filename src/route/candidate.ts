// A route as compiled for look-ups: its path pattern, methods and conditions. One object stands under every host of the route.

import type { LinearRegex } from '../base/linear-regex.ts';
import { arrivalConditions } from './arrival-conditions.ts';
import {
  BodyCondition,
  bodyPathText,
  type Condition,
  CookieCondition,
  HeaderCondition,
  QueryCondition,
} from './conditions.ts';
import { FoundRoute } from './found-route.ts';
import type { MatchSpec, NamedMatch } from './match.ts';
import type { MethodSet } from './method-set.ts';
import type { PathPattern } from './path-pattern.ts';
import type { Routable } from './routable.ts';
import type { RouteProblem } from './route-problem.ts';
import { compileValueCheck, type ValueCheck } from './value-check.ts';

/** Whether a candidate's conditions hold for a request; `needsBody` when that depends on a body that was not read. */
export const Verdict = { no: 0, yes: 1, needsBody: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

const noConditions: readonly Condition[] = [];
const noValues: readonly string[] = [];

/**
 * Also the result of a look-up when the path has no parameters: a separate object would be one more to fetch from memory. Fields
 * that every look-up reads come first, since the candidates of a large table are not in the CPU's caches.
 */
export class Candidate<T> extends FoundRoute<T> {
  readonly methods: MethodSet;
  /** Whether the route has no conditions besides host, path and method. */
  readonly plain: boolean;
  readonly pattern: PathPattern;
  /** Sorts routes as written. In a built table it is the index of the route; a patched table has numbers in between for added routes. */
  readonly order: number;
  /** Conditions on the head, cheapest first. Those on the body are separate, since they may have to wait for it. */
  readonly conditions: readonly Condition[];
  readonly bodyConditions: readonly Condition[];
  /** How specific the route is among routes of the same path: one for each condition, and one for naming methods. */
  readonly weight: number;
  /** Equal for routes with the same conditions, whatever their methods, listeners and clients; see conflicts.ts. */
  readonly conditionsKey: string;

  constructor(
    order: number,
    name: string,
    value: T,
    match: MatchSpec,
    pattern: PathPattern,
    methods: MethodSet,
    conditions: readonly Condition[],
    bodyConditions: readonly Condition[],
  ) {
    super(value, name, pattern.paramNames, noValues);
    this.order = order;
    this.pattern = pattern;
    this.methods = methods;
    this.conditions = conditions;
    this.bodyConditions = bodyConditions;
    this.plain = conditions.length + bodyConditions.length === 0;
    this.weight = conditions.length + bodyConditions.length + (this.methods.any ? 0 : 1);
    this.conditionsKey = this.plain ? '' : conditionsKeyOf(match);
  }

  /** Whether the conditions on headers, query, cookies and body hold. */
  verdict(request: Routable): Verdict {
    const { conditions, bodyConditions } = this;
    for (let i = 0; i < conditions.length; i++) if (!conditions[i]!.matches(request)) return Verdict.no;
    if (bodyConditions.length === 0) return Verdict.yes;
    if (request.body === undefined) return Verdict.needsBody;
    for (let i = 0; i < bodyConditions.length; i++) if (!bodyConditions[i]!.matches(request)) return Verdict.no;
    return Verdict.yes;
  }
}

/** Compares candidates of one path for sorting: more conditions first, then as written. */
export function byPrecedence(a: Candidate<unknown>, b: Candidate<unknown>): number {
  return b.weight - a.weight || a.order - b.order;
}

/** The key does not depend on the order of the conditions, which has no meaning. */
function conditionsKeyOf(match: MatchSpec): string {
  const parts = (kind: string, matches: readonly unknown[]) =>
    matches.map(each => kind + JSON.stringify(each, sortedKeys));
  return [
    ...parts('h', match.headers),
    ...parts('q', match.query),
    ...parts('c', match.cookies),
    ...parts('b', match.body),
  ]
    .sort()
    .join('\n');
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Compiles the conditions of routes. Adds a problem to `problems` for each condition that cannot be compiled. */
export class ConditionCompiler {
  /** Whether a route has asked how requests came in. */
  readsArrival = false;
  /** Many routes name the same listeners and clients, so their conditions are shared. */
  private readonly onArrivals = new Map<string, readonly Condition[]>();
  private readonly compiled: Map<string, LinearRegex>;
  private readonly problems: RouteProblem[];

  /** `compiled` caches regexes by source; new ones are added. */
  constructor(compiled: Map<string, LinearRegex>, problems: RouteProblem[]) {
    this.compiled = compiled;
    this.problems = problems;
  }

  /** Compiles the conditions on the head of a request, and on how it came in. */
  onHead(match: MatchSpec, routeIndex: number): readonly Condition[] {
    const onArrival = this.onArrival(match);
    if (match.headers.length + match.query.length + match.cookies.length === 0) return onArrival;
    return [
      ...onArrival,
      ...this.named(match.headers, 'headers', routeIndex, HeaderCondition),
      ...this.named(match.query, 'query', routeIndex, QueryCondition),
      ...this.named(match.cookies, 'cookies', routeIndex, CookieCondition),
    ];
  }

  /** Compiles the conditions on the body of a request. */
  onBody(match: MatchSpec, routeIndex: number): readonly Condition[] {
    if (match.body.length === 0) return noConditions;
    return match.body.flatMap(each => {
      if (each.match.kind === 'scalar') return [new BodyCondition(each, null)];
      const test = this.valueTest(each.match, routeIndex, ['match', 'body', bodyPathText(each.path)]);
      return test === null ? [] : [new BodyCondition(each, test)];
    });
  }

  private onArrival(match: MatchSpec): readonly Condition[] {
    const { listeners, clients } = match;
    if (listeners === undefined && clients === undefined) return noConditions;
    this.readsArrival = true;
    const key = `${listeners?.join(' ')}, ${clients?.join(' ')}`;
    let conditions = this.onArrivals.get(key);
    if (conditions === undefined) this.onArrivals.set(key, (conditions = arrivalConditions(match)));
    return conditions;
  }

  private named(
    matches: readonly NamedMatch[],
    field: string,
    routeIndex: number,
    Kind: new (name: string, test: ValueCheck) => Condition,
  ): Condition[] {
    return matches.flatMap(({ name, match }) => {
      const test = this.valueTest(match, routeIndex, ['match', field, name]);
      return test === null ? [] : [new Kind(name, test)];
    });
  }

  private valueTest(match: NamedMatch['match'], routeIndex: number, path: (string | number)[]): ValueCheck | null {
    const test = compileValueCheck(match, this.compiled);
    if (typeof test !== 'string') return test;
    this.problems.push({ routeIndex, otherIndex: null, path, message: `${path.at(-1)}: ${test}` });
    return null;
  }
}
