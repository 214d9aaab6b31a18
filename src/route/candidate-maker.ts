// Makes candidates from routes as written: parses patterns, conditions and methods, and reports errors in them. The place of a
// candidate in the table is decided elsewhere.

import type { LinearRegex } from '../base/linear-regex.ts';
import { Candidate, ConditionCompiler } from './candidate.ts';
import { hostPatternError } from './host-roots.ts';
import type { MatchSpec } from './match.ts';
import { MethodSet } from './method-set.ts';
import { type PathPattern, PathPatternError, parsePathPattern } from './path-pattern.ts';
import type { RouteProblem } from './route-problem.ts';

export interface RouteSpec<T> {
  readonly name: string;
  readonly match: MatchSpec;
  readonly value: T;
}

export class CandidateMaker<T> {
  readonly problems: RouteProblem[] = [];
  /** The regexes of all candidates made here, by source. */
  readonly compiled = new Map<string, LinearRegex>();
  private readonly compiledBefore: ReadonlyMap<string, LinearRegex>;
  private readonly conditions: ConditionCompiler;
  /** Valid host patterns so far. Many routes name the same few hosts and methods, so both are cached. */
  private readonly goodHosts = new Set<string>();
  private readonly methodSets = new Map<string, MethodSet>();
  private last: { readonly source: string; readonly pattern: PathPattern | PathPatternError } | null = null;

  /** `compiledBefore` has regexes of an earlier table, which are reused when a route needs them again. */
  constructor(compiledBefore: ReadonlyMap<string, LinearRegex>) {
    this.compiledBefore = compiledBefore;
    this.conditions = new ConditionCompiler(this.compiled, this.problems);
  }

  /** Whether a candidate made here asks how requests came in. */
  get readsArrival(): boolean {
    return this.conditions.readsArrival;
  }

  /** Makes a candidate. Null, with the reasons in `problems`, for an invalid route. `order` is its index, and is in its problems. */
  make(order: number, { name, match, value }: RouteSpec<T>): Candidate<T> | null {
    const problemsBefore = this.problems.length;
    if (this.compiledBefore.size > 0) for (const source of regexesOf(match)) this.borrow(source);
    const pattern = this.patternOf(match.path);
    if (pattern instanceof PathPatternError) this.report(order, ['match', 'path'], pattern.message);
    const onHead = this.conditions.onHead(match, order);
    const onBody = this.conditions.onBody(match, order);
    for (let i = 0; i < match.hosts.length; i++) {
      const host = match.hosts[i]!;
      if (this.goodHosts.has(host)) continue;
      const error = hostPatternError(host);
      if (error === '') this.goodHosts.add(host);
      else this.report(order, ['match', 'host'], error);
    }
    if (this.problems.length > problemsBefore || pattern instanceof PathPatternError) return null;
    return new Candidate<T>(order, name, value, match, pattern, this.methodsOf(match), onHead, onBody);
  }

  /** Parses a path pattern. Keeps the last one, so that asking for a pattern and then making its route parses it once. */
  patternOf(source: string): PathPattern | PathPatternError {
    if (this.last === null || this.last.source !== source) {
      if (source.startsWith('~')) this.borrow(source.slice(1));
      this.last = { source, pattern: parsePathPattern(source, this.compiled) };
    }
    return this.last.pattern;
  }

  private methodsOf({ methods }: MatchSpec): MethodSet {
    const key = methods.join(' ');
    let set = this.methodSets.get(key);
    if (set === undefined) this.methodSets.set(key, (set = new MethodSet(methods)));
    return set;
  }

  private report(routeIndex: number, path: (string | number)[], message: string): void {
    this.problems.push({ routeIndex, otherIndex: null, path, message });
  }

  /** Reuses a regex that was compiled for the earlier table. */
  private borrow(source: string): void {
    const regex = this.compiledBefore.get(source);
    if (regex !== undefined) this.compiled.set(source, regex);
  }
}

/** Sources of all regular expressions in a route's match. */
export function regexesOf({ path, headers, query, cookies, body }: MatchSpec): string[] {
  const sources = path.startsWith('~') ? [path.slice(1)] : [];
  for (const { match } of [...headers, ...query, ...cookies, ...body]) {
    if (match.kind === 'regex') sources.push(match.source);
  }
  return sources;
}
