// Decodes HPACK's Huffman code (RFC 7541 section 5.2) one byte per step, with a table that is built on first use.

import { codeLengths, codes, END_OF_STRING } from './huffman-code.ts';

// The states are the inner nodes of the code's tree; with 257 leaves there are 256. A step consumes eight bits: it leads to another
// state and yields up to two symbols, since the shortest code has five bits.
const STATES = 256;
const COUNT_SHIFT = 8;
const FIRST_SHIFT = 10;
const SECOND_SHIFT = 18;
/** A step that meets EOS. */
const FAILED = -1;

interface Tables {
  /** By `state << 8 | byte`: next state, number of symbols and the symbols, packed with the shifts above; or FAILED. */
  readonly steps: Int32Array;
  /** 1 for states in which a string may end: only ones, fewer than eight, since the last symbol. */
  readonly mayEnd: Uint8Array;
}

let tables: Tables | null = null;

/** Children of node `n` at `2n` and `2n + 1`: another node, or `-1 - symbol`. */
function buildTree(): Int32Array {
  const tree = new Int32Array(STATES * 2);
  let nodes = 1;
  for (let symbol = 0; symbol < codes.length; symbol++) {
    let node = 0;
    for (let bit = codeLengths[symbol]! - 1; bit > 0; bit--) {
      const edge = node * 2 + ((codes[symbol]! >>> bit) & 1);
      if (tree[edge] === 0) tree[edge] = nodes++;
      node = tree[edge]!;
    }
    tree[node * 2 + (codes[symbol]! & 1)] = -1 - symbol;
  }
  return tree;
}

function buildTables(): Tables {
  const tree = buildTree();
  const steps = new Int32Array(STATES * 256);
  for (let state = 0; state < STATES; state++)
    for (let byte = 0; byte < 256; byte++) steps[(state << 8) | byte] = stepOf(tree, state, byte);
  const mayEnd = new Uint8Array(STATES);
  let node = 0;
  for (let ones = 0; ones < 8; ones++) {
    mayEnd[node] = 1;
    node = tree[node * 2 + 1]!;
  }
  return { steps, mayEnd };
}

function stepOf(tree: Int32Array, state: number, byte: number): number {
  let node = state;
  let count = 0;
  let symbols = 0;
  for (let bit = 7; bit >= 0; bit--) {
    node = tree[node * 2 + ((byte >> bit) & 1)]!;
    if (node >= 0) continue;
    const symbol = -1 - node;
    if (symbol === END_OF_STRING) return FAILED;
    symbols |= symbol << (count === 0 ? FIRST_SHIFT : SECOND_SHIFT);
    count++;
    node = 0;
  }
  return node | (count << COUNT_SHIFT) | symbols;
}

/** Largest number of bytes that `length` encoded bytes can decode to. */
export function decodedBytesMax(length: number): number {
  return ((length * 8) / 5) | 0;
}

/**
 * Decodes `bytes[start, end)` to the beginning of `target`, which must have room for `decodedBytesMax`. Returns the number of
 * bytes written. Returns -1 when the text contains EOS, or when its padding is not a prefix of EOS shorter than eight bits.
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  tables ??= buildTables();
  const { steps, mayEnd } = tables;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const step = steps[(state << 8) | bytes[at]!]!;
    if (step === FAILED) return -1;
    state = step & 0xff;
    const count = (step >> COUNT_SHIFT) & 3;
    if (count === 0) continue;
    target[length++] = (step >> FIRST_SHIFT) & 0xff;
    if (count === 2) target[length++] = (step >> SECOND_SHIFT) & 0xff;
  }
  return mayEnd[state] === 1 ? length : -1;
}
