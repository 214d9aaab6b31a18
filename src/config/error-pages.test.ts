import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { faultKinds } from '../base/fault.ts';
import { pageProblems } from './error-page-files.ts';
import { type LoadResult, loadConfig, loadConfigText } from './load.ts';
import { LoadCache } from './load-cache.ts';
import { pageStatuses } from './schemas/error-pages-schema.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-pages-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const main = path.join(folder, 'cardea.yaml');
const listeners = 'listeners: [{ address: 127.0.0.1:8080 }]\n';
const reply = 'to: { reply: { status: 204 } }';

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function load(text: string): LoadResult {
  return loadConfigText(listeners + text, main, { filters: [] });
}

function good(result: LoadResult) {
  assert.ok(result.ok, JSON.stringify(result.problems));
  return result;
}

/** The errors, each with its line and column. */
function wrong(text: string): string[] {
  const errors = load(text).problems.filter(({ severity }) => severity === 'error');
  return errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('errorPages', () => {
  test('are read from the folder of the document that names them, each file once', () => {
    const own = write('teams/pages/own.html', 'own');
    const all = write('pages/all.html', 'all');
    write(
      'teams/a.yaml',
      `routes:\n  - { name: a, errorPages: { 404: pages/own.html, 5xx: ../pages/all.html }, ${reply} }\n`,
    );
    const { config, files } = good(load('include: [teams/a.yaml]\nerrorPages: { default: pages/all.html }'));
    assert.deepEqual(config.errorPages, { default: all });
    assert.deepEqual(config.routes[0]!.errorPages, { '404': own, '5xx': all });
    assert.deepEqual(config.errorPageFiles, [
      { name: all, text: 'all' },
      { name: own, text: 'own' },
    ]);
    assert.ok(files.includes(all) && files.includes(own), 'the files are watched');
  });

  test('of several documents are merged, and each file starts at its own document', () => {
    const inner = write('teams/pages/own.html', 'own');
    const outer = write('pages/all.html', 'all');
    write('teams/b.yaml', 'errorPages: { 404: pages/own.html }\n');
    const { config } = good(load('include: [teams/b.yaml]\nerrorPages: { 5xx: pages/all.html }'));
    assert.deepEqual(config.errorPages, { '404': inner, '5xx': outer });
  });

  test('can be turned off for a route', () => {
    const { config } = good(load(`routes: [{ name: a, errorPages: off, ${reply} }]`));
    assert.equal(config.routes[0]!.errorPages, 'off');
    assert.equal(config.errorPageFiles, undefined);
  });

  test('another text of a page is another version, and leaves routes the same objects', () => {
    const page = write('pages/version.html', 'one');
    writeFileSync(main, `${listeners}routes: [{ name: a, errorPages: { 404: pages/version.html }, ${reply} }]`);
    const cache = new LoadCache();
    const filters: [] = [];
    const first = good(loadConfig(main, { filters, cache })).config;
    writeFileSync(page, 'two');
    const second = good(loadConfig(main, { filters, cache })).config;
    assert.notEqual(first.version, second.version);
    assert.equal(first.routes[0], second.routes[0]);
    assert.equal(second.errorPageFiles![0]!.text, 'two');
  });

  test('are for the statuses of refusals that have an exchange, and no others', () => {
    const unread = [414, 417, 431, 499, 501, 505];
    const all = Object.values(faultKinds).map(({ status }) => status);
    const expected = [...new Set(all)].filter(status => !unread.includes(status)).sort();
    assert.deepEqual(pageStatuses.map(Number), expected);
  });

  test('for anything else are errors', () => {
    assert.deepEqual(wrong('errorPages: { 418: a.html }'), [
      '2:15 the gateway never refuses with 418, and the responses of upstreams pass as they are: a page is for one of the statuses with which the gateway itself refuses requests, 400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 502, 503, 504',
    ]);
    assert.deepEqual(wrong('errorPages: { 5XX: a.html }'), [
      '2:15 expected a status such as 404, 4xx, 5xx or default, found "5XX"; did you mean "5xx"?',
    ]);
    assert.deepEqual(wrong('errorPages: {}'), ['2:13 expected at least one page, found an empty map']);
    assert.deepEqual(wrong('errorPages: { 404: }'), ['2:15 expected the path of a file, found nothing']);
    assert.deepEqual(wrong('errorPages: pages/404.html'), [
      '2:13 expected a map such as { 404: pages/404.html, 5xx: pages/oops.html }, found "pages/404.html"',
    ]);
    assert.deepEqual(wrong(`routes: [{ name: a, errorPages: none, ${reply} }]`), [
      '2:33 expected off, or a map such as { 404: pages/404.html }, found "none"',
    ]);
  });
});

describe('the files of errorPages', () => {
  function problemsOf(pages: string): string[] {
    const { config, named } = good(
      load(
        `routes: [{ name: a, errorPages: ${pages}, ${reply} }, { name: b, match: { path: /b }, errorPages: ${pages}, ${reply} }]`,
      ),
    );
    return pageProblems(config, named).map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  }

  test('that are no page are errors, each file once', () => {
    const missing = path.join(folder, 'missing.html');
    assert.deepEqual(problemsOf('{ 404: missing.html, default: missing.html }'), [
      `routes.0.errorPages.404: there is no file ${missing}`,
    ]);
    const empty = write('empty.html', '\n');
    assert.deepEqual(problemsOf('{ 404: empty.html }'), [`routes.0.errorPages.404: ${empty} is empty`]);
    const large = write('large.html', 'x'.repeat(65_537));
    assert.deepEqual(problemsOf('{ 404: large.html }'), [
      `routes.0.errorPages.404: ${large} is larger than 64 KiB, which is too much for every refusal`,
    ]);
    write('limit.html', 'x'.repeat(65_536));
    assert.deepEqual(problemsOf('{ 404: limit.html }'), []);
    const latin = write('latin.html', Buffer.from('Gr\xfc\xdfe', 'latin1'));
    assert.deepEqual(problemsOf('{ 404: latin.html }'), [
      `routes.0.errorPages.404: ${latin} is not UTF-8: save it as UTF-8`,
    ]);
  });

  test('that name what is not known are errors with the line and the nearest name', () => {
    const file = write('typo.html', '<h1>\n${stauts} ${reason} $${any}');
    assert.deepEqual(problemsOf('{ 404: typo.html }'), [
      `routes.0.errorPages.404: ${file} line 2: nothing is known as \${stauts} (write $\${stauts} where the text itself is meant); did you mean "status"?`,
      `routes.0.errorPages.404: ${file} line 2: nothing is known as \${reason} (write $\${reason} where the text itself is meant); there are \${status}, \${title}, \${code}, \${requestId}`,
    ]);
  });
});
