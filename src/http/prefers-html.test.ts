import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefersHtml } from './prefers-html.ts';

const firefox = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const chrome =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';

for (const [accept, expected] of [
  [firefox, true],
  [chrome, true],
  ['text/html', true],
  ['TEXT/HTML ; charset=utf-8', true],
  ['text/*', true],
  ['text/html, application/json;q=0.9', true],
  ['text/html;q=0.2;level=1, */*;q=0.1', true],
  ['text/html;level=1;q=0.2, */*;q=0.1', true],
  ['application/json;q=0, application/problem+json;q=0, */*', true],
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['application/json, text/plain, */*', false],
  ['text/html, application/json', false],
  ['text/html, application/problem+json', false],
  ['text/html;q=0.5, application/json', false],
  ['text/html;q=0.5, application/*;q=0.6', false],
  ['text/html;q=0, */*;q=0.1', false],
  ['text/html;q=0.1, */*;q=0.1', false],
  ['text/html;Q=0', false],
  ['html', false],
  ['image/avif,image/webp,*/*;q=0.8', false],
  ['application/grpc', false],
] as const) {
  test(`Accept: ${accept ?? '(none)'}: ${expected ? 'a page' : 'JSON'}`, () => {
    assert.equal(prefersHtml(accept), expected);
  });
}
