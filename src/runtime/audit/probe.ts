// Verifies the audit on a running gateway: every route that is not public has to refuse missing and bad credentials, and a public one bad
// credentials where it takes any.

import type { AuditedRoute } from './audit-report.ts';
import {
  type BadCredential,
  badCredentials,
  badCredentialsAt,
  badTokens,
  credentialAt,
  type KeyPlaces,
  noCredential,
} from './bad-credentials.ts';
import type { ProbePlaces } from './probe-places.ts';
import { type Answer, NO_CERTIFICATE, type ProbeSender } from './probe-sender.ts';
import type { SampleRequest } from './sample-request.ts';
import { encodings } from './variants.ts';

export interface ProbeResult {
  readonly route: string;
  /** What was sent, in words. */
  readonly probe: string;
  readonly request: string;
  readonly protocol: ProbeSender['protocol'];
  /** Status of the response; 0 when there was no HTTP response. */
  readonly status: number;
  /** Code of the gateway's refusal, or `NO_CERTIFICATE`; empty when the response is not a refusal by the gateway. */
  readonly code: string;
  readonly ok: boolean;
  /** The request was refused before its credential was examined, so the probe says nothing about how that credential is handled. */
  readonly unseen: boolean;
  /** Why `ok` is false; empty otherwise. */
  readonly message: string;
}

type Judge = (answer: Answer, guards: readonly string[]) => string;

interface Probe {
  readonly name: string;
  readonly request: SampleRequest;
  readonly credential: BadCredential;
  readonly judge: Judge;
}

/**
 * Probes the routes one request at a time, so that a small gateway is not flooded. The first sender sends every probe. The others lead to
 * the same filters and send only what each protocol writes in its own way: hosts, paths and fields.
 */
export async function probeRoutes(
  routes: readonly AuditedRoute[],
  keyPlaces: KeyPlaces,
  senders: readonly ProbeSender[],
): Promise<ProbeResult[]> {
  const tokens = badTokens();
  const [nothing, ...others] = badCredentials(keyPlaces, tokens);
  const results: ProbeResult[] = [];
  for (const route of routes) {
    const [sample, ...samples] = route.samples;
    if (sample === undefined || nothing === undefined) continue;
    const withBad = (credential: BadCredential): Probe => ({
      name: credential.name,
      request: sample,
      credential,
      judge: isRefusal,
    });
    if (route.public) {
      // Because: without a credential, or with one of another kind, a public route lets everybody pass.
      const shown = route.optionalPlaces.flatMap(place => badCredentialsAt(place, tokens));
      for (const sender of senders.slice(0, 1)) {
        for (const probe of shown.map(withBad))
          results.push(verdict(route, probe, sender, await sender.send(probe.request, probe.credential)));
      }
      continue;
    }
    // Because: a token counts as a credential only in a place where one of the route's filters looks for it.
    const places = ['', route.name].flatMap(owner => keyPlaces.ofRoutes.get(owner) ?? []);
    const elsewhere = places.flatMap(place => tokens.map(([what, token]) => credentialAt(what, token, place)));
    const bare = (name: string, request: SampleRequest, judge: Judge): Probe => ({
      name,
      request,
      credential: nothing,
      judge,
    });
    const plain = [
      bare(nothing.name, sample, isRefusal),
      ...samples.map(request => bare(`${nothing.name}, another request for it`, request, isRefusal)),
      ...encodings(sample.rawPath).map(rawPath =>
        bare('another way to write the path', { ...sample, rawPath }, keepsOut),
      ),
    ];
    const wrong = [...others, ...elsewhere].map(withBad);
    for (const [at, sender] of senders.entries()) {
      for (const probe of at === 0 ? [...plain, ...wrong] : plain)
        results.push(verdict(route, probe, sender, await sender.send(probe.request, probe.credential)));
    }
  }
  return results;
}

/** Probes requests that no route takes at the probed listener: the gateway itself has to answer that there is nothing. */
export async function probeAbsent(
  absent: ProbePlaces['absent'],
  senders: readonly ProbeSender[],
): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const { route, request } of absent) {
    const probe = { name: 'where the route does not hold', request, credential: noCredential, judge: isNotFound };
    for (const sender of senders)
      results.push(verdict({ name: route, guards: [] }, probe, sender, await sender.send(request, noCredential)));
  }
  return results;
}

function isNotFound(answer: Answer): string {
  const { status, byGateway } = answer;
  if (isUnseen(answer) || (byGateway && (status === 404 || status === 405))) return '';
  return `expected 404 by the gateway, got ${status}`;
}

/**
 * Empty when the response is a 401 or 403 by the gateway, otherwise what is wrong. A 401 or 403 by the upstream means that the request
 * passed the guard. A route with `forwardAuth` is the exception: the gateway passes on the refusals of the authorization service unchanged.
 */
function isRefusal(answer: Answer, guards: readonly string[]): string {
  if (isUnseen(answer)) return '';
  const { status, code, byGateway } = answer;
  if (status !== 401 && status !== 403)
    return `expected 401 or 403, got ${status}${status === 429 ? `: a limit${code === '' ? '' : ` (${code})`} responded, not a guard` : ''}`;
  if (byGateway || guards.some(guard => guard.includes('forwardAuth'))) return '';
  return `it was let through: the ${status} is not the gateway's`;
}

/**
 * For a path that may be another resource or none at all: any 4xx by the gateway but 429 shows that no upstream was asked. A response of a
 * limit, or of an upstream that is unavailable, proves nothing.
 */
function keepsOut(answer: Answer, guards: readonly string[]): string {
  const { status, code, byGateway } = answer;
  if (byGateway && status >= 400 && status < 500 && status !== 429) return '';
  if (isRefusal(answer, guards) === '') return '';
  return byGateway ? `no guard refused it: ${status} ${code}` : `it was let through: ${status}`;
}

function isUnseen({ code }: Answer): boolean {
  return code === 'too_many_failed_logins' || code === NO_CERTIFICATE;
}

function verdict(
  { name: route, guards }: Pick<AuditedRoute, 'name' | 'guards'>,
  { name: probe, request: { method, host, rawPath }, judge }: Probe,
  { protocol }: ProbeSender,
  answer: Answer | string,
): ProbeResult {
  const common = { route, probe, request: `${method} ${host}${rawPath}`, protocol };
  if (typeof answer === 'string') return { ...common, status: 0, code: '', ok: false, unseen: false, message: answer };
  const message = judge(answer, guards);
  const { status, code } = answer;
  return { ...common, status, code, ok: message === '', unseen: isUnseen(answer), message };
}
