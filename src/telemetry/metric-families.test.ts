import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultKinds } from '../base/fault.ts';
import { HISTOGRAM_CELLS } from './histogram.ts';
import { blockKinds, refusalCell, refusalCodes, statusClass, WorkerCell } from './metric-families.ts';

test('the series of a block cover each of its cells exactly once', () => {
  for (const kind of Object.values(blockKinds)) {
    const users = new Array<number>(kind.cellCount).fill(0);
    for (const family of kind.families) {
      const width = family.type === 'histogram' ? HISTOGRAM_CELLS : 1;
      for (const { at } of family.series) for (let i = at; i < at + width; i++) users[i]!++;
    }
    for (const { at, cells } of kind.hidden ?? []) for (let i = at; i < at + cells; i++) users[i]!++;
    assert.deepEqual(users, new Array<number>(kind.cellCount).fill(1), kind.name);
  }
});

test('names follow the conventions of Prometheus and are not used twice', () => {
  const families = Object.values(blockKinds).flatMap(kind => kind.families);
  assert.equal(new Set(families.map(family => family.name)).size, families.length);
  for (const { name, help, type, divisor } of families) {
    assert.match(name, /^(cardea|process)_[a-z0-9_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.equal(divisor === 1_000, name.includes('_seconds'), name);
    assert.match(help, /\.$/, name);
  }
});

test('every fault code has its refusal cell, in the order of the table', () => {
  assert.deepEqual(refusalCodes, Object.keys(faultKinds));
  assert.equal(refusalCell.malformed_request_line, WorkerCell.refusals);
  assert.equal(refusalCell[refusalCodes.at(-1)!], WorkerCell.refusals + refusalCodes.length - 1);
  assert.ok(refusalCell[refusalCodes.at(-1)!] < blockKinds.worker.cellCount);
});

test('a status from outside never leaves the five cells', () => {
  for (let status = 100; status < 600; status++) assert.equal(statusClass(status), Math.floor(status / 100) - 1);
  for (const status of [0, 99, 600, 999, -1, Number.NaN]) assert.equal(statusClass(status), 4);
});
