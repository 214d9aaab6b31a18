// The paths that a route's upstream receives: their shapes, some of them, and the request with which a client reaches one of them. Routes
// whose upstreams receive the same path lead to the same resource, however different their own paths are.

import type { RouteConfig } from '../../config/config.ts';
import { crossingPath, isNarrower, matches, mayCross, type PathShape, shapeOf } from './crossing-paths.ts';
import type { RouterOracle } from './router-oracle.ts';
import { type PathsBefore, pathsBeforeOf } from './same-resource.ts';
import {
  otherLengths,
  SAMPLE_TEXT,
  type SampleRequest,
  type Situation,
  sampleRequests,
  situationsOf,
  type Unwanted,
} from './sample-request.ts';

export class UpstreamPaths {
  /** Together they match every path that the upstream receives, and perhaps more. */
  readonly shapes: readonly PathShape[];
  /** Some of these paths, those of the route's samples. */
  readonly texts: readonly string[];
  /** The same of paths with other lengths. */
  readonly otherTexts: readonly string[];
  /** False when the upstream receives the paths that clients send. */
  readonly isRewritten: boolean;
  private readonly route: RouteConfig;
  private readonly oracle: RouterOracle;
  private readonly before: PathsBefore;
  private readonly situations: readonly Situation[];

  constructor(route: RouteConfig, oracle: RouterOracle, unwanted: Unwanted) {
    this.route = route;
    this.oracle = oracle;
    this.before = pathsBeforeOf(route);
    this.situations = situationsOf(route, unwanted, oracle.listeners);
    this.isRewritten = route.rewrite !== null && (route.rewrite.path !== '' || route.rewrite.stripPrefix !== '');
    this.shapes = shapesOf(route);
    this.texts = this.textsOf(sampleRequests(route).map(({ rawPath }) => rawPath));
    this.otherTexts = this.textsOf(otherLengths(route));
  }

  /** Texts from which paths are made: the route's own, and the shortest. */
  get allTexts(): readonly string[] {
    return [...this.texts, ...this.otherTexts, '/'];
  }

  /** A request that takes this route and whose upstream receives this path; null when none is found. */
  requestFor(upstreamPath: string): SampleRequest | null {
    for (const rawPath of this.before(upstreamPath)) {
      for (const situation of this.situations) {
        const request = { ...situation, rawPath };
        const routed = this.oracle.routeFor(request);
        if (routed?.route === this.route && routed.upstreamPath === upstreamPath) return request;
      }
    }
    return null;
  }

  /** What the upstream receives for these paths, as far as the route takes them in any situation. */
  private textsOf(rawPaths: readonly string[]): string[] {
    const texts = new Set<string>();
    for (const rawPath of rawPaths) {
      for (const situation of this.situations) {
        const routed = this.oracle.routeFor({ ...situation, rawPath });
        if (routed?.route !== this.route) continue;
        texts.add(routed.upstreamPath);
        break;
      }
    }
    return [...texts];
  }
}

/** Paths that the upstreams of both routes may receive; `requestFor` of each says whether they do. */
export function commonPaths(one: UpstreamPaths, other: UpstreamPaths): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const own of one.shapes) {
    for (const beside of other.shapes) {
      if (!mayCross(own, beside)) continue;
      const crossing = [
        ...one.allTexts.map(text => crossingPath(text, own, beside)),
        ...other.allTexts.map(text => crossingPath(text, beside, own)),
      ].filter(path => path !== null);
      for (const path of crossing) paths.add(path);
      // A shape is less exact than the rewrite, which may need one segment more.
      if (goesOn(own) && goesOn(beside)) for (const path of crossing) paths.add(`${path}/${SAMPLE_TEXT}`);
    }
  }
  return paths;
}

function goesOn({ pattern: { open, regex } }: PathShape): boolean {
  return open || regex !== null;
}

/** Those of the samples' paths of `one` that the upstream of `other` may receive as well. */
export function commonTexts(one: UpstreamPaths, other: UpstreamPaths): string[] {
  return one.texts.filter(text => other.shapes.some(shape => matches(shape, text)));
}

/** Whether the upstream of `part` receives some of the paths of the upstream of `whole`, and nothing else. False for expressions. */
export function isNarrowerThan(part: UpstreamPaths, whole: UpstreamPaths): boolean {
  return part.shapes.every(own => whole.shapes.some(beside => isNarrower(own.pattern, beside.pattern)));
}

/** How many paths of an expression have to lie within the other route's. */
const JUDGED_TEXTS = 8;

/** Like `isNarrowerThan`, for when there is an expression on one side: judged by some of its paths only. */
export function seemsPartOf(part: UpstreamPaths, whole: UpstreamPaths): boolean {
  const isRegex = ({ shapes }: UpstreamPaths) => shapes.some(({ pattern }) => pattern.regex !== null);
  if (!isRegex(part) && !isRegex(whole)) return false;
  const texts = part.texts.slice(0, JUDGED_TEXTS);
  const others = isRegex(part) ? [] : texts.map(text => text.replaceAll(SAMPLE_TEXT, 'other'));
  return [...texts, ...others].every(text => whole.requestFor(text) !== null);
}

// Because: this pattern can be parsed.
const everyPath = shapeOf('/*')!;

function shapesOf({ match, rewrite }: RouteConfig): PathShape[] {
  const own = shapeOf(match.path);
  if (own === null) return [];
  const isRegex = own.pattern.regex !== null;
  if (rewrite !== null && rewrite.path !== '') return [ofTemplate(rewrite.path, isRegex)];
  const prefix = rewrite?.stripPrefix.replace(/\/$/, '') ?? '';
  if (prefix === '') return [own];
  return isRegex ? [everyPath] : withoutPrefix(own, prefix);
}

/**
 * A parameter stands for one segment; a rest, and a group of an expression, which may be empty, for any number of them. Text beside a
 * parameter in one segment is not looked at.
 */
function ofTemplate(template: string, isRegex: boolean): PathShape {
  const segments = template.split('/').slice(1);
  const open = segments.findIndex(segment => segment.includes(isRegex ? '{' : '*}'));
  const whole = (open === -1 ? segments : segments.slice(0, open)).map((segment, at) =>
    segment.includes('{') ? `{p${at}}` : segment,
  );
  return shapeOf(`/${[...whole, ...(open === -1 ? [] : ['*'])].join('/')}`) ?? everyPath;
}

/** A path that begins with the prefix loses it; another one goes upstream as it is. */
function withoutPrefix(own: PathShape, stripPrefix: string): PathShape[] {
  const prefix = shapeOf(stripPrefix)?.pattern.segments ?? [];
  const { segments, open } = own.pattern;
  const mayDiffer = prefix.some((segment, at) => segments[at] !== segment);
  const rest = segments.slice(prefix.length).map((segment, at) => segment ?? `{p${at}}`);
  const stripped = shapeOf(`/${[...rest, ...(open ? ['*'] : [])].join('/')}`) ?? everyPath;
  return mayDiffer ? [stripped, own] : [stripped];
}
