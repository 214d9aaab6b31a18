// Reports one slip once: leaves out problems that exist only because a key is written under another name. Checks nothing itself.

import type { Problem } from '../config.ts';
import { keyMeant } from './issue-text.ts';

type Path = Problem['path'];

/** The unknown keys of one map. */
interface Slip {
  readonly owner: Path;
  readonly keys: Problem[];
}

/** Leaves out what an unknown key explains: that the key that was meant is missing, or that the map lacks a required setting. */
export function withoutConsequences(problems: Problem[]): Problem[] {
  const slips = slipsOf(problems);
  if (slips.length === 0) return problems;
  const explained = new Set<Problem>();
  const amended = new Map<Problem, Problem>();
  for (const { owner, keys } of slips) {
    const near = problems.filter(problem => problem.at !== 'key' && startsWith(problem.path, owner));
    const inside = near.filter(({ path }) => path.length === owner.length + 1);
    for (const problem of near) if (problem.path.length === owner.length) explained.add(problem);
    for (const problem of inside) if (keys.some(key => isMeant(key, problem))) explained.add(problem);
    const missing = inside.filter(each => /^`.*` is missing/.test(each.message) && !explained.has(each));
    const unclear = keys.filter(({ message }) => !guess.test(message));
    const [first] = unclear;
    // Because: when more keys are missing than are unknown, the unknown keys cannot stand for all of them.
    if (first === undefined || missing.length > unclear.length) continue;
    for (const problem of missing) explained.add(problem);
    if (missing.length !== 1) continue;
    const message = `${first.message.replace(/; expected .*$/s, '')}; ${missing[0]!.message}`;
    amended.set(first, { ...first, message });
  }
  return problems.filter(problem => !explained.has(problem)).map(problem => amended.get(problem) ?? problem);
}

/** The end of a message about an unknown key that suggests another key. */
const guess = /; (?:did you mean .+\?|it belongs under .*|here .*|a space is missing .*)$/;

const unknown = /^(?:unknown key |write a single upstream )/;

function slipsOf(problems: readonly Problem[]): Slip[] {
  const slips = new Map<string, Slip>();
  for (const problem of problems) {
    if (problem.at !== 'key' || !unknown.test(problem.message)) continue;
    const owner = problem.path.slice(0, -1);
    const key = JSON.stringify(owner);
    const slip = slips.get(key) ?? { owner, keys: [] };
    slips.set(key, slip);
    slip.keys.push(problem);
  }
  return [...slips.values()];
}

/** Whether the unknown key was meant as the key that is wrong, or belongs under that key, which has no value now. */
function isMeant({ message }: Problem, about: Problem): boolean {
  const meant = keyMeant(message);
  if (meant !== undefined) return about.message.includes(`\`${meant}\``);
  const above = /; it belongs under (.+)$/.exec(message)?.[1];
  return about.message.endsWith('found nothing') && (above?.includes(`\`${about.path.at(-1)}\``) ?? false);
}

function startsWith(path: Path, beginning: Path): boolean {
  return beginning.every((step, at) => path[at] === step);
}
