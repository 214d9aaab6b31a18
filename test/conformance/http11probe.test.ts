// Http11Probe's requests against the running gateway, scored as the suite scores. The best server known has 102 and 3.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hasAnswers, readAnswers } from '../support/answers.ts';
import type { Backend } from '../support/backend.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { startNodeBackend } from '../support/node-backend.ts';
import { sendRaw } from '../support/raw-client.ts';
import { judgeProbe, loadProbes, type ProbeCase, type ProbeOutcome, type ProbeVerdict } from './http11probe.ts';

const probes = loadProbes();

test('the corpus is whole', () => {
  assert.equal(probes.length, 132);
  assert.equal(probes.filter(probe => probe.scored).length, 114);
});

test('the judge says what the suite was seen to say', () => {
  for (const probe of probes) {
    for (const verdict of ['Pass', 'Warn', 'Fail'] as const) {
      for (const key of probe.seenVerdicts[verdict] ?? []) {
        const others = (['Pass', 'Warn', 'Fail'] as const).filter(
          other => other !== verdict && probe.seenVerdicts[other]?.includes(key),
        );
        // The suite gave this status two verdicts: the body or the connection decided, and the file contains neither.
        if (others.length > 0) continue;
        const status = /^\d+$/.test(key) ? Number(key) : null;
        const closed = key === 'ClosedByServer' || (probe.expected.includes('+ close') && verdict === 'Pass');
        assert.equal(judgeProbe(probe, { status, closed }), verdict, `${probe.id} ${key}`);
      }
    }
  }
});

describe('the running gateway', () => {
  let backend: Backend;
  let gateway: RunningGateway;
  before(async () => {
    backend = await startNodeBackend();
    gateway = await startGateway(`accessLog: { path: off }
upstreams:
  echo: { endpoints: ["http://127.0.0.1:${backend.port}"] }
routes:
  - { name: all, match: { path: /* }, public: true, to: echo }
`);
  });
  after(async () => {
    await gateway?.stop();
    await backend?.stop();
  });

  async function outcomeOf(probe: ProbeCase): Promise<ProbeOutcome> {
    const methods = [/^[A-Z]+/.exec(probe.request)?.[0] ?? ''];
    const { received, closed } = await sendRaw(gateway.port, [Buffer.from(probe.request, 'latin1')], {
      timeoutMs: 2_500,
      // As long as the suite waits after a response to see whether the connection is closed.
      quietMs: 150,
      enough: hasAnswers(1, methods),
    });
    const answers = readAnswers(received, methods, closed);
    return { status: answers[0]?.status ?? null, closed };
  }

  test('at least 105 of 114 pass, at most 2 fail, none of them smuggling', async context => {
    const verdicts: { probe: ProbeCase; outcome: ProbeOutcome; verdict: ProbeVerdict }[] = [];
    for (let at = 0; at < probes.length; at += 12) {
      const group = probes.slice(at, at + 12);
      verdicts.push(
        ...(await Promise.all(
          group.map(async probe => {
            const outcome = await outcomeOf(probe);
            return { probe, outcome, verdict: judgeProbe(probe, outcome) };
          }),
        )),
      );
    }
    const scored = verdicts.filter(({ probe }) => probe.scored);
    const passed = scored.filter(({ verdict }) => verdict === 'Pass').length;
    const failed = scored.filter(({ verdict }) => verdict === 'Fail');
    const said = (of: typeof verdicts): string[] =>
      of.map(
        ({ probe, outcome, verdict }) =>
          `${probe.id} ${verdict}: ${outcome.status ?? 'no answer'}${outcome.closed ? ', closed' : ''} (${probe.expected})`,
      );
    context.diagnostic(
      `${passed} passed, ${failed.length} failed, ${scored.length - passed - failed.length} warned of ${scored.length}`,
    );
    for (const line of said(verdicts.filter(({ verdict }) => verdict !== 'Pass'))) context.diagnostic(line);
    assert.ok(
      passed >= 105,
      `${passed} passed; not passed: ${said(scored.filter(({ verdict }) => verdict !== 'Pass')).join('; ')}`,
    );
    assert.ok(failed.length <= 2, said(failed).join('; '));
    assert.deepEqual(
      said(
        verdicts.filter(({ probe, verdict }) => probe.category === 'Smuggling' && verdict === 'Fail' && probe.scored),
      ),
      [],
    );
  });

  test('requests that are right are answered by the backend, from their body', async () => {
    const byId = new Map(probes.map(probe => [probe.id, probe]));
    for (const [id, body] of [
      ['COMP-POST-CL-BODY', 'hello'],
      ['COMP-CHUNKED-MULTI', 'hello world'],
      ['COMP-CHUNKED-EXTENSION', 'hello'],
      ['COMP-CHUNKED-TRAILER-VALID', 'hello'],
      ['COMP-CHUNKED-HEX-UPPERCASE', 'helloworld'],
    ] as const) {
      const { received } = await sendRaw(gateway.port, [byId.get(id)!.request], { enough: hasAnswers(1) });
      assert.deepEqual(
        readAnswers(received).map(answer => [answer.status, answer.body]),
        [[200, body]],
        id,
      );
    }
  });
});
