// Names in DER that are equal or not, whatever string type they are written in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DerTag, readElement } from '../../base/der.ts';
import { comparableName } from './distinguished-name.ts';

const element = (tag: number, ...contents: readonly Buffer[]) => {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
};
const commonName = element(DerTag.oid, Buffer.from([0x55, 0x04, 0x03]));

function nameOf(...values: readonly Buffer[]): string {
  const parts = values.map(value => element(DerTag.set, element(DerTag.sequence, commonName, value)));
  const der = element(DerTag.sequence, ...parts);
  return comparableName(der, readElement(der, 0, der.length));
}

test('the string type, the case and the spaces of a name do not count', () => {
  const expected = nameOf(element(DerTag.utf8String, Buffer.from('Acme CA')));
  for (const value of [
    element(DerTag.printableString, Buffer.from(' ACME  ca ')),
    element(DerTag.teletexString, Buffer.from('Acme CA')),
    element(DerTag.ia5String, Buffer.from('acme ca')),
    element(DerTag.bmpString, Buffer.from('Acme CA', 'utf16le').swap16()),
  ])
    assert.equal(nameOf(value), expected);
});

test('other words, other parts and other bytes are another name', () => {
  const text = (words: string) => element(DerTag.utf8String, Buffer.from(words));
  const names = [
    nameOf(text('Acme CA')),
    nameOf(text('AcmeCA')),
    nameOf(text('Acme'), text('CA')),
    nameOf(text('CA'), text('Acme')),
    nameOf(element(DerTag.bmpString, Buffer.from('odd'))),
    nameOf(element(DerTag.octetString, Buffer.from('Acme CA'))),
    nameOf(),
  ];
  assert.equal(new Set(names).size, names.length);
});
