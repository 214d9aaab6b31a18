// The ways around one route's guard that the router would really take: requests that some reader takes for requests to this route, and that
// an unguarded route sends to the same upstream. Whether the owner has accepted a finding is not considered here.

import type { WayAroundCode } from '../../config/audit-config.ts';
import type { RouteConfig } from '../../config/config.ts';
import type { AuditFinding } from './audit-report.ts';
import { climbingPath, readWithSlashes } from './climbing-paths.ts';
import { crossingPath, isNarrower, mayCross, type PathShape, shapeOf } from './crossing-paths.ts';
import type { Reach } from './reach.ts';
import type { RouterOracle } from './router-oracle.ts';
import {
  otherLengths,
  SAMPLE_CLIENT,
  SAMPLE_TEXT,
  type SampleRequest,
  sampleRequest,
  sampleRequests,
  situationsOf,
  type Unwanted,
} from './sample-request.ts';
import { commonPaths, commonTexts, isNarrowerThan, seemsPartOf, UpstreamPaths } from './upstream-paths.ts';
import { distinctSituations, situationVariants, type Trick, variantsOf } from './variants.ts';

const codes: Readonly<Record<Exclude<Trick, 'situation'>, WayAroundCode>> = {
  method: 'skipped_by_method',
  host: 'skipped_by_host',
  'trailing slash': 'skipped_by_slash',
  case: 'skipped_by_case',
  encoding: 'skipped_by_encoding',
};

/** The paths of an unguarded route: their shape, sample paths if the pattern is a regex, and the paths that its upstream receives. */
interface OpenPaths {
  readonly shape: PathShape;
  readonly texts: readonly string[];
  readonly upstream: UpstreamPaths;
}

export class WaysAround {
  private readonly oracle: RouterOracle;
  private readonly reach: Reach;
  private readonly open: ReadonlyMap<RouteConfig, OpenPaths>;
  private readonly unwanted: Unwanted;

  constructor(oracle: RouterOracle, reach: Reach, open: readonly RouteConfig[], unwanted: Unwanted) {
    this.oracle = oracle;
    this.reach = reach;
    this.unwanted = unwanted;
    this.open = new Map(
      open.flatMap(route => {
        const shape = shapeOf(route.match.path);
        if (shape === null) return [];
        const texts = shape.pattern.regex === null ? [] : sampleRequests(route).map(({ rawPath }) => rawPath);
        return [[route, { shape, texts, upstream: new UpstreamPaths(route, oracle, unwanted) }] as const];
      }),
    );
  }

  /** The ways around the guard of this route, each with one request that shows it. `samples` are requests that the route is meant for. */
  find(guarded: RouteConfig, samples: readonly SampleRequest[]): AuditFinding[] {
    const rivals = this.reach.sharers(guarded, this.open.keys()).filter(rival => rival !== guarded);
    if (rivals.length === 0) return [];
    const findings = new Map<string, AuditFinding>();
    const add = (code: WayAroundCode, rival: RouteConfig, request: SampleRequest, how: string) => {
      const key = `${code} ${rival.name}`;
      if (findings.has(key)) return;
      const shared = this.reach.shared(guarded, rival)!;
      const goes = this.reach.isDestination(rival, shared) ? 'goes to' : 'sends copies of requests to';
      findings.set(key, {
        code,
        by: rival.name,
        message: `${this.asText(request)} takes route "${rival.name}", which requires no credentials and ${goes} the same upstream "${shared}"${how}`,
      });
    };

    const own = shapeOf(guarded.match.path);
    const isMeantBy = (rival: RouteConfig, code: WayAroundCode) =>
      isMeant(guarded, rival, code) ||
      (rival.public && own !== null && isNarrower(this.open.get(rival)!.shape.pattern, own.pattern));
    const inReach = rivals.filter(rival => own !== null && mayCross(own, this.open.get(rival)!.shape));
    const situations = distinctSituations(
      inReach.flatMap(rival => situationsOf(rival, this.unwanted, this.oracle.listeners)),
    );
    const others = samples.slice(0, 1).flatMap(first => {
      const requests = otherLengths(guarded).map(rawPath => ({ ...first, rawPath }));
      return requests.filter(request => this.oracle.isFor(guarded.name, request));
    });
    for (const sample of [...samples, ...others]) {
      // Because: where the length of the path is another one, the spelling of it would be found with the sample, too.
      const tricks = others.includes(sample) ? [] : variantsOf(sample);
      for (const { trick, request } of [...situationVariants(sample, situations), ...tricks]) {
        const rival = this.rivalFor(guarded, request);
        if (rival === null) continue;
        const code = trick === 'situation' ? this.codeOf(guarded, sample, rival, request) : codes[trick];
        if (!isMeantBy(rival, code)) add(code, rival, request, '');
      }
      for (const { rival, request } of own === null ? [] : this.crossing(guarded, own, sample, rivals)) {
        const code = this.codeOf(guarded, sample, rival, request);
        if (!isMeantBy(rival, code)) add(code, rival, request, '');
      }
    }
    const upstream = new UpstreamPaths(guarded, this.oracle, this.unwanted);
    for (const { rival, request, path } of this.rewritten(upstream, rivals)) {
      add('reached_by_rewrite', rival, request, ` as ${path}, which this route guards`);
    }
    for (const { rival, request, path } of this.climbing(upstream, rivals)) {
      add('skipped_by_encoding', rival, request, `: ${path} to a server that decodes slashes first`);
    }
    return [...findings.values()];
  }

  /**
   * For a route without a guard that holds at some listeners only, or for some clients: where others reach what it leads to all the same.
   * Another route of the same path is there to serve them.
   */
  elsewhere(route: RouteConfig, samples: readonly SampleRequest[]): AuditFinding[] {
    const { listeners, clients, path } = route.match;
    if (listeners === undefined && clients === undefined) return [];
    const codesHere: readonly AuditFinding['code'][] = [
      ...(listeners === undefined ? [] : ['skipped_by_listener' as const]),
      ...(clients === undefined ? [] : ['skipped_by_client' as const]),
    ];
    const beside = new Set(
      [...this.open.keys()].filter(({ match }) => anonymous(match.path) === anonymous(path)).map(({ name }) => name),
    );
    return this.find(route, samples).filter(({ code, by }) => codesHere.includes(code) && !beside.has(by));
  }

  /** The unguarded route to a shared upstream that takes this request; null when a different route takes the request, or none does. */
  private rivalFor(guarded: RouteConfig, request: SampleRequest): RouteConfig | null {
    const taken = this.oracle.routeFor(request)?.route;
    if (taken === undefined || taken === guarded || !this.open.has(taken)) return null;
    return this.reach.shared(guarded, taken) === null ? null : taken;
  }

  /** The kind of finding for a request that the rival takes with its own method, host, listener, client or conditions. */
  private codeOf(
    { name, match }: RouteConfig,
    own: SampleRequest,
    rival: RouteConfig,
    request: SampleRequest,
  ): WayAroundCode {
    if (match.listeners !== undefined && !match.listeners.includes(request.listener)) return 'skipped_by_listener';
    if (hasConditions(rival)) return 'skipped_by_condition';
    if (rival.match.clients !== undefined) return 'skipped_by_client';
    if (this.oracle.isFor(name, request)) return 'shadowed';
    if (match.methods.length > 0 && !match.methods.includes(request.method)) return 'skipped_by_method';
    if (match.clients !== undefined && request.client !== own.client) return 'skipped_by_client';
    return match.hosts.length > 0 && request.host !== own.host ? 'skipped_by_host' : 'skipped_by_condition';
  }

  /**
   * Requests for paths of the guarded route that an unguarded route matches too, and takes. None for a public route whose paths are all
   * paths of the guarded one.
   */
  private *crossing(guarded: RouteConfig, own: PathShape, sample: SampleRequest, rivals: readonly RouteConfig[]) {
    for (const rival of rivals) {
      const { shape, texts } = this.open.get(rival)!;
      if (!mayCross(own, shape)) continue;
      const rawPaths = [crossingPath(sample.rawPath, own, shape), ...texts.map(text => crossingPath(text, shape, own))];
      for (const rawPath of new Set(rawPaths)) {
        const ofRival = rawPath === null || rawPath === sample.rawPath ? null : sampleRequest(rival);
        if (rawPath === null || ofRival === null) continue;
        const isFor = (path: string) => this.oracle.isFor(guarded.name, { ...sample, rawPath: path });
        const isRegex = own.pattern.regex !== null || shape.pattern.regex !== null;
        if (!isFor(rawPath) || (rival.public && isRegex && seemsNarrower(shape, texts, ofRival, isFor))) continue;
        const situations = situationsOf(rival, this.unwanted, this.oracle.listeners);
        const taking = situationVariants({ ...sample, rawPath }, situations).find(
          ({ request }) => this.rivalFor(guarded, request) === rival,
        );
        if (taking !== undefined) yield { rival, request: taking.request };
      }
    }
  }

  /**
   * Requests with another path than the guarded route's, for which the rival's upstream receives a path that the guarded route's upstream
   * receives. None for a public route that leads to a part of what the guarded one leads to: that is written down on purpose.
   */
  private *rewritten(own: UpstreamPaths, rivals: readonly RouteConfig[]) {
    for (const rival of rivals) {
      const { upstream } = this.open.get(rival)!;
      if (!own.isRewritten && !upstream.isRewritten) continue;
      // Of those, only what is for the guarded route in general counts: its own samples.
      const isOnPurpose = rival.public && (isNarrowerThan(upstream, own) || seemsPartOf(upstream, own));
      for (const path of isOnPurpose ? commonTexts(own, upstream) : commonPaths(own, upstream)) {
        const request = upstream.requestFor(path);
        const meant = request === null ? null : own.requestFor(path);
        if (request === null || meant === null || request.rawPath === meant.rawPath) continue;
        yield { rival, request, path };
        break;
      }
    }
  }

  /** Requests that climb by encoded slashes from a path of the rival to one of the guarded route. */
  private *climbing(own: UpstreamPaths, rivals: readonly RouteConfig[]) {
    const [path] = own.texts;
    if (path === undefined || !this.oracle.keepsEncodedSlashes) return;
    for (const rival of rivals) {
      const sample = sampleRequest(rival);
      const plain = sample === null ? null : this.oracle.routeFor(sample);
      if (sample === null || plain?.route !== rival) continue;
      const rawPath = climbingPath(sample.rawPath, plain.upstreamPath, path);
      if (rawPath === null) continue;
      const request = { ...sample, rawPath };
      const routed = this.oracle.routeFor(request);
      if (routed?.route === rival && readWithSlashes(routed.upstreamPath) === path) yield { rival, request, path };
    }
  }

  /** Such as `GET example.com/a at listener internal with x-debug: 1 and ?a=b`. */
  private asText({ method, host, rawPath, headers, query, body, listener, client }: SampleRequest): string {
    const parts = [
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...(query === '' ? [] : [`?${query}`]),
      ...(body === '' ? [] : [`the body ${body}`]),
    ];
    const { listeners, clients } = this.oracle;
    const at = listeners.length === 1 ? '' : ` at ${listener === '' ? 'another listener' : `listener ${listener}`}`;
    const from = clients.length === 1 ? '' : ` from ${client === SAMPLE_CLIENT ? 'elsewhere' : client}`;
    return `${method} ${host}${rawPath}${at}${from}${parts.length === 0 ? '' : ` with ${parts.join(' and ')}`}`;
  }
}

/**
 * Whether the rival exists for exactly this purpose: public, and for one path, for the same path with its own methods, hosts or listeners,
 * or for hosts or listeners that the guarded route does not serve, or for clients of its own. False for a broader route that happens to catch the request. Narrower paths are judged by
 * the caller.
 */
function isMeant(guarded: RouteConfig, rival: RouteConfig, code: WayAroundCode): boolean {
  if (!rival.public) return false;
  const { hosts, methods, listeners, clients } = rival.match;
  // The rival is for one path of the many that the guarded expression matches.
  if (guarded.match.path.startsWith('~') && !/^~|[*{]/.test(rival.match.path) && !hasConditions(rival)) return true;
  const samePath = anonymous(rival.match.path) === anonymous(guarded.match.path);
  if (code === 'skipped_by_method') return samePath && methods.length > 0;
  if (code === 'shadowed') return samePath && (methods.length + hosts.length > 0 || listeners !== undefined);
  if (code === 'skipped_by_listener') return listeners !== undefined;
  if (code === 'skipped_by_client') return clients !== undefined;
  return code === 'skipped_by_host' && hosts.length > 0;
}

/** A path pattern without the names of its parameters: `/files/{path*}` matches what `/files/*` matches. */
function anonymous(path: string): string {
  return path.startsWith('~') ? path : path.replace(/\{[^}]*\*\}$/, '*').replace(/\{[^}]*\}/g, '{}');
}

/** Like `isNarrower`, for when one of the two is a regex: judged by some paths of the unguarded route only. */
function seemsNarrower(
  { pattern }: PathShape,
  texts: readonly string[],
  { rawPath }: SampleRequest,
  isGuarded: (path: string) => boolean,
): boolean {
  if (pattern.regex !== null) return texts.every(isGuarded);
  return isGuarded(rawPath) && isGuarded(rawPath.replaceAll(SAMPLE_TEXT, 'other'));
}

function hasConditions({ match: { headers, query, cookies, body } }: RouteConfig): boolean {
  return headers.length + query.length + cookies.length + body.length > 0;
}
