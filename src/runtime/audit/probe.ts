// Proves on a running gateway what the audit says: every route that is not public refuses who brings nothing, or something bad.

import type { AuditedRoute } from './audit-report.ts';
import { type BadCredential, badCredentials, badTokens, credentialAt, type KeyPlaces } from './bad-credentials.ts';
import { type Answer, NO_CERTIFICATE, type ProbeSender } from './probe-sender.ts';
import type { SampleRequest } from './sample-request.ts';
import { encodings } from './variants.ts';

export interface ProbeResult {
  readonly route: string;
  /** What was sent. */
  readonly probe: string;
  readonly request: string;
  readonly protocol: ProbeSender['protocol'];
  /** 0 when there was no answer. */
  readonly status: number;
  /** Of the gateway's refusal, or `NO_CERTIFICATE`; empty for an answer that is none. */
  readonly code: string;
  readonly ok: boolean;
  /** Refused before anybody looked at what was sent: nothing is known of how that would have been taken. */
  readonly unseen: boolean;
  /** Why not. */
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
 * Asks about each route in turn, so that a small gateway is not flooded. Everything goes by the first sender; by the others, which lead to the
 * same filters, what protocols write each in their own way: hosts, paths and fields.
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
    if (route.public || sample === undefined || nothing === undefined) continue;
    // Because: a token where nobody looks for one is no credential at all.
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
    const wrong = [...others, ...elsewhere].map(
      (credential): Probe => ({ name: credential.name, request: sample, credential, judge: isRefusal }),
    );
    for (const [at, sender] of senders.entries()) {
      for (const probe of at === 0 ? [...plain, ...wrong] : plain)
        results.push(verdict(route, probe, sender, await sender.send(probe.request, probe.credential)));
    }
  }
  return results;
}

/**
 * 401 or 403 by the gateway: a service that refuses by itself was asked, and stands behind no guard. The service of forwardAuth is one, and its
 * refusals are given as they are.
 */
function isRefusal(answer: Answer, guards: readonly string[]): string {
  if (isUnseen(answer)) return '';
  const { status, code, byGateway } = answer;
  if (status !== 401 && status !== 403)
    return `expected 401 or 403, got ${status}${status === 429 ? `: a limit${code === '' ? '' : ` (${code})`} responded, not a guard` : ''}`;
  if (byGateway || guards.some(guard => guard.includes('forwardAuth'))) return '';
  return `it was let through: the ${status} is not the gateway's`;
}

/** A path that may be another resource, or none: no upstream may have been asked. A limit that answers, or an upstream that is away, proves nothing. */
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
  { name: route, guards }: AuditedRoute,
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
