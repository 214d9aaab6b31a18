// Warns of groups of an expression that may match slashes, where a rewrite or redirect encodes them: `{rest}` is one segment, `{rest*}` many.

import type { Problem } from '../config.ts';
import type { CheckedParts } from './check-document.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

/** Returns the warnings about the routes from `from` up to `to`, excluded. */
export function checkCaptures({ routes }: CheckedParts, { from, to }: RoutesToCheck): Problem[] {
  const problems: Problem[] = [];
  for (let at = from; at < to; at++) {
    const route = routes[at];
    if (route === undefined || !route.match.path.startsWith('~')) continue;
    const { match, rewrite, to } = route;
    const check = (template: string, path: readonly string[]): void => {
      for (const name of encodedGroups(match.path, template)) {
        const message = `{${name}} is one segment, so that slashes in it are encoded: {${name}*} keeps them`;
        problems.push({ path: ['routes', at, ...path], message, severity: 'warning' });
      }
    };
    if (rewrite !== null) check(rewrite.path, ['rewrite', 'path']);
    if (to.kind === 'redirect') check(to.url, ['to', 'redirect', 'url']);
  }
  return problems;
}

/** The groups that the template uses without `*` although they may match a slash. */
function encodedGroups(path: string, template: string): string[] {
  const used = new Set([...template.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(match => match[1]!));
  return [...used].filter(name => mayHoldSlash(groupSource(path, name)));
}

/** What stands in the parentheses of a named group; empty when there is no such group. */
function groupSource(path: string, name: string): string {
  const opening = new RegExp(`\\(\\?P?<${name}>`).exec(path);
  if (opening === null) return '';
  const from = opening.index + opening[0].length;
  let depth = 1;
  let inClass = false;
  for (let at = from; at < path.length; at++) {
    const letter = path[at];
    if (letter === '\\') at++;
    else if (inClass) inClass = letter !== ']';
    else if (letter === '[') inClass = true;
    else if (letter === '(') depth++;
    else if (letter === ')' && --depth === 0) return path.slice(from, at);
  }
  return '';
}

/** Whether an expression can match a slash, as far as its letters tell: `.`, a slash, or a class of everything but some letters. */
function mayHoldSlash(source: string): boolean {
  const withoutEscapes = source.replace(/\\[^SWD/]/g, '');
  const classes = withoutEscapes.match(/\[[^\]]*\]/g) ?? [];
  if (classes.some(each => each.startsWith('[^') !== each.includes('/'))) return true;
  return /[./]|\\[SWD]/.test(withoutEscapes.replace(/\[[^\]]*\]/g, ''));
}
