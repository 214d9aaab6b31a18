// Files and headings that documents and comments refer to. Checks references that a reader would click or open, not the prose.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SourceFile } from './source-files.ts';

/** `src/http/h1/request-head.ts`, `src/exchange/`: a path in backticks that starts with a folder of the project. */
const pathInCode = /`((?:src|test|bench|scripts|docs|examples|bin)\/[A-Za-z0-9._/{},*-]*)`/g;
const link = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** A path in a comment, without backticks around it. */
const pathInComment = /\b(?:src|test|bench|scripts)\/[A-Za-z0-9._/-]*\.(?:ts|mjs)\b/g;
const comment = /(?:^|\s)\/\/ .*|^\s*\/?\*.*/gm;

/** Files that a document names in backticks, with `{a,b}` expanded; patterns with `*` are left out. */
export function filesNamed(text: string): string[] {
  return [...text.matchAll(pathInCode)]
    .map(match => match[1]!)
    .flatMap(writtenOut)
    .filter(name => !name.includes('*'));
}

/** Links to missing files and headings, and paths in backticks to missing files, as `file: what`. */
export function deadReferences(documents: readonly SourceFile[], root: string): string[] {
  return documents.flatMap(({ path: file, text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, '');
    const dead = [...prose.matchAll(link)]
      .map(match => match[1]!)
      .filter(target => !leadsSomewhere(target, file, text, root));
    const absent = filesNamed(prose).filter(name => !existsSync(path.join(root, name)));
    return [...dead, ...absent].map(what => `${file}: ${what}`);
  });
}

/** Missing files that comments name, as `file: what`. */
export function deadNames(sources: readonly SourceFile[], root: string): string[] {
  return sources.flatMap(({ path: file, text }) =>
    (text.match(comment) ?? [])
      .flatMap(line => line.match(pathInComment) ?? [])
      .filter(name => !existsSync(path.join(root, name)))
      .map(what => `${file}: ${what}`),
  );
}

function writtenOut(name: string): string[] {
  const group = /\{([^}]*)\}/.exec(name);
  return group === null ? [name] : group[1]!.split(',').flatMap(each => writtenOut(name.replace(group[0], each)));
}

function leadsSomewhere(target: string, file: string, text: string, root: string): boolean {
  if (/^(https?|mailto):/.test(target)) return true;
  const [to = '', heading] = target.split('#');
  if (to === '') return placesIn(text).includes(heading ?? '');
  const full = path.join(root, path.dirname(file), to);
  if (heading === undefined || !to.endsWith('.md')) return existsSync(full);
  return existsSync(full) && placesIn(readFileSync(full, 'utf8')).includes(heading);
}

/** Anchors, and headings as GitHub names them (lower case, no punctuation, dashes for spaces). Code blocks are left out. */
function placesIn(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...prose.matchAll(/^#+ (.*)$/gm)].map(match =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...prose.matchAll(/<a id="([^"]+)">/g)].map(match => match[1]!)];
}
