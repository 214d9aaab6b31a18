import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PageTemplate } from './page-template.ts';

const values = { status: '404', title: 'No route', code: 'route_not_found', requestId: 'abc' };

describe('a page with placeholders', () => {
  test('gets the values where they are named, as often as they are', () => {
    const page = new PageTemplate('${status} <h1>${title}</h1> ${code}/${requestId} ${status}');
    assert.equal(page.fill(values), '404 <h1>No route</h1> route_not_found/abc 404');
  });

  test('stays as it is without placeholders', () => {
    assert.equal(new PageTemplate('<p>Sorry').fill(values), '<p>Sorry');
    assert.equal(new PageTemplate('').fill(values), '');
  });

  test('gets values in which nothing is markup', () => {
    const page = new PageTemplate('<a title="${title}">${requestId}</a>');
    const filled = page.fill({ ...values, title: `"><script>&'`, requestId: '<b>' });
    assert.equal(filled, '<a title="&quot;&gt;&lt;script&gt;&amp;&#39;">&lt;b&gt;</a>');
  });

  test('does not fill in what a value looks like', () => {
    assert.equal(new PageTemplate('${title}').fill({ ...values, title: '${code}' }), '${code}');
  });

  test('keeps a placeholder with a second $ as text, and anything that is no name', () => {
    const page = new PageTemplate('$${status} ${a + b} ${} $ { ${status');
    assert.equal(page.fill(values), '${status} ${a + b} ${} $ { ${status');
    assert.deepEqual(page.unknown, []);
  });

  test('tells the names that stand for nothing', () => {
    const { unknown } = new PageTemplate('a ${stauts} $${other} ${title}\n${toString}');
    assert.deepEqual(unknown, [
      { name: 'stauts', offset: 2 },
      { name: 'toString', offset: 31 },
    ]);
  });
});
