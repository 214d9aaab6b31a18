// Long sequences of edits to a configuration of several files: every reload with the cache gives exactly what a first load gives, whether
// the documents are valid or not.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type LoadResult, loadConfig } from './load.ts';
import { LoadCache } from './load-cache.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-reload-'));
after(() => rmSync(folder, { recursive: true }));

const filters = [{ name: 'tag', schema: z.strictObject({ value: z.string().default('x') }) }];
const files = ['cardea.yaml', 'one.yaml', 'two.yaml'] as const;
const tops = [
  'listeners:\n  - { name: in, address: 127.0.0.1:0 }\n',
  'drainTimeout: 1s\n',
  'include: [one.yaml, two.yaml]\n',
  'include: [one.yaml]\n',
  'upstreams:\n',
  'plans:\n',
  'routes:\n',
  'chains:\n',
  'filters: [{ chain: shared }]\n',
  'listeners:\n  - address: 127.0.0.1:0\n',
];
const elements = [
  '  - { name: a, to: u }\n',
  '  - name: b\n    match: { path: "/b/*" }\n    to: u\n',
  '  - name: c\n    match: { host: "${env:A}" }\n    filters: [{ tag: { value: "${env:B:-none}" } }]\n    to: v\n',
  '  - name: d\n    match: &m { path: /d }\n    to: { reply: { status: 204 } }\n',
  '  - name: e\n    match: *m\n    to: u\n',
  '  - name: f\n    to: w\n',
  '  - nmae: g\n',
  '  # a note\n',
  '  - name: h\n    to:\n      reply: { status: 200, body: "${file:secret.txt}" }\n',
  '  - { name: i, audit: { accept: [{ finding: shadowed, by: b, because: it is meant to be so }] }, to: u }\n',
  '  - { name: j, to: u }\n',
  '  u: { endpoints: ["http://${env:A}"] }\n',
  '  v: { endpoints: [http://v] }\n',
  '  u: &u\n    endpoints: [http://u]\n',
  '  v: *u\n',
  '  gold: { rate: 10/s }\n',
  '  - { name: l, match: { methods: [GTE] }, to: { reply: { status: 204, headers: { x: "{host}" } } } }\n',
  '  shared: [{ tag: {} }]\n',
  '  shared: [{ tag: { value: z } }, { tag: {} }]\n',
  '  - { name: n, filters: [{ chain: shared }], to: u }\n',
  '  - { name: m, match: { path: /m, listener: in }, to: u }\n',
];
/** What the first route may become, first without another name. */
const variants = [
  elements[0]!,
  '  - { name: a, to: v }\n',
  '  - { name: a, to: w }\n',
  '  - { name: a, to: x }\n',
  '  - { name: a, to: [{ upstream: u }, { upstream: v }] }\n',
  '  - { name: a, match: { path: "/x/{id}" }, rewrite: { path: "/{id}" }, to: u }\n',
  '  - { name: a, match: { path: "/x/{id}" }, rewrite: { path: "/{other}" }, to: u }\n',
  '  - { name: a, filters: [{ tag: { value: y } }], to: u, fallback: { upstream: v } }\n',
  '  - { name: a, match: { path: [] }, to: u }\n',
  '  - { name: a, filters: [{ tag: {} }, { chain: shared }], to: u }\n',
  // With another name: a free one, one that other routes may have, one that an audit may name.
  '  - { name: k, to: u }\n',
  '  - { name: j, to: u }\n',
  '  - { name: b, to: u }\n',
];
/** An upstream to which only variants of the first route lead. */
const rare = '  x: { endpoints: [http://x] }\n';
const anyLine = fc.oneof(
  { weight: 1, arbitrary: fc.nat({ max: tops.length - 1 }).map(at => tops[at]!) },
  { weight: 3, arbitrary: fc.nat({ max: elements.length - 1 }).map(at => elements[at]!) },
);

type Edit =
  | { readonly kind: 'insert'; readonly file: number; readonly at: number; readonly piece: string }
  | { readonly kind: 'remove' | 'move'; readonly file: number; readonly at: number }
  | { readonly kind: 'vary'; readonly to: number }
  | { readonly kind: 'environment'; readonly value: string | undefined }
  | { readonly kind: 'secret'; readonly value: string };

const place = { file: fc.nat({ max: files.length - 1 }), at: fc.nat({ max: 20 }) };
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), ...place, piece: anyLine }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'move' as const), ...place }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('vary' as const), to: fc.nat({ max: variants.length - 1 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('environment' as const),
      value: fc.constantFrom('host', 'other', undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('secret' as const), value: fc.constantFrom('s1', 'secret-two') }),
  },
);

/** A configuration on the disk, with its environment. */
class Edited {
  readonly env: Record<string, string | undefined> = { A: 'host' };
  /** Valid to begin with, so that edits lead from valid documents to broken ones and back. */
  private readonly pieces: string[][] = [
    [
      tops[0]!,
      tops[2]!,
      tops[4]!,
      elements[12]!,
      elements[11]!,
      rare,
      tops[7]!,
      elements[17]!,
      tops[6]!,
      elements[0]!,
      elements[2]!,
      elements[8]!,
      elements[19]!,
    ],
    [tops[6]!, elements[1]!],
    [tops[6]!, elements[3]!, elements[4]!],
  ];

  constructor() {
    for (const at of files.keys()) this.write(at);
    writeFileSync(path.join(folder, 'secret.txt'), 's1\n');
  }

  apply(change: Edit): void {
    if (change.kind === 'vary') this.vary(variants[change.to]!);
    else if (change.kind === 'environment') this.env['A'] = change.value;
    else if (change.kind === 'secret') writeFileSync(path.join(folder, 'secret.txt'), `${change.value}\n`);
    else {
      const list = this.pieces[change.file]!;
      const at = change.at % (list.length + 1);
      if (change.kind === 'insert') list.splice(at, 0, change.piece);
      else {
        const taken = list.splice(at, 1);
        if (change.kind === 'move') list.splice((at * 7) % (list.length + 1), 0, ...taken);
      }
      this.write(change.file);
    }
  }

  private vary(to: string): void {
    for (const [file, list] of this.pieces.entries()) {
      const at = list.findIndex(piece => variants.includes(piece));
      if (at === -1) continue;
      list[at] = to;
      this.write(file);
      return;
    }
  }

  private write(at: number): void {
    writeFileSync(path.join(folder, files[at]!), this.pieces[at]!.join(''));
  }
}

function told({ ok, problems, files: read, ...rest }: LoadResult): unknown {
  return { ok, problems, files: read, config: 'config' in rest ? rest.config : null };
}

test('after any edits a reload gives what a first load gives', () => {
  let good = 0;
  let all = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 25, size: 'max' }), edits => {
      const edited = new Edited();
      const cache = new LoadCache();
      const main = path.join(folder, files[0]);
      const isSame = (): void => {
        const kept = loadConfig(main, { filters, env: { ...edited.env }, cache });
        assert.deepEqual(told(kept), told(loadConfig(main, { filters, env: { ...edited.env } })));
        all++;
        if (kept.ok) good++;
      };
      isSame();
      for (const each of edits) {
        edited.apply(each);
        isSame();
      }
    }),
    { numRuns: 250, seed: 20_261_121 },
  );
  // Both kinds have to occur, or the sequences would show little.
  assert.ok(good > all / 10 && good < all, `${good} of ${all} loads were good`);
});
