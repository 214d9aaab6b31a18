import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fault } from '../base/fault.ts';
import { ErrorPages, noPages, pageText } from './error-pages.ts';

const files = ['all', 'four', '404', 'own'].map(name => ({
  name,
  text: `${name} \${status} \${title} \${code} \${requestId}`,
}));
const pages = new ErrorPages({ default: 'all', '4xx': 'four', '404': '404' }, files);

/** The name of the page. */
function nameFor(own: Readonly<Record<string, string>> | null, status: number): string | undefined {
  const page = pages.pageFor(own, status);
  return page === null ? undefined : pageText(page, new Fault('route_not_found'), 'id').split(' ')[0];
}

describe('the page for a refusal', () => {
  test('is that of the status, else of its hundred, else the default', () => {
    assert.deepEqual(
      [404, 403, 503].map(status => nameFor(null, status)),
      ['404', 'four', 'all'],
    );
  });

  test('is that of the route where it has one, however general, else that of all routes', () => {
    assert.equal(nameFor({ '5xx': 'own' }, 503), 'own');
    assert.equal(nameFor({ default: 'own' }, 404), 'own');
    assert.equal(nameFor({ '5xx': 'own' }, 404), '404');
  });

  test('is none on a route without pages, and where none is for the status', () => {
    assert.equal(nameFor(noPages, 404), undefined);
    assert.equal(new ErrorPages({ '404': '404' }, files).pageFor(null, 503), null);
    assert.equal(new ErrorPages({}, files).pageFor({ '503': 'own' }, 404), null);
  });

  test('tells what is known of the fault, and neither its detail nor its cause', () => {
    const page = pages.pageFor(null, 404)!;
    const fault = new Fault('route_not_found', 'the detail', 'the cause');
    assert.equal(pageText(page, fault, 'abc'), '404 404 No route route_not_found abc');
  });
});
