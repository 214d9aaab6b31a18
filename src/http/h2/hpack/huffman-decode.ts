// Decodes HPACK's Huffman code (RFC 7541 section 5.2) a whole byte at a step, by a table that is made on first use.

import { codeLengths, codes, END_OF_STRING } from './huffman-code.ts';

// An inner node of the code's tree is a state; 257 leaves make 256 of them. A step takes eight bits at once: it leads to
// another state and gives up to two symbols, since the shortest code has five bits.
const STATES = 256;
const COUNT_SHIFT = 8;
const FIRST_SHIFT = 10;
const SECOND_SHIFT = 18;
/** EOS was met. */
const FAILED = -1;

interface Tables {
  /** By `state << 8 | byte`: next state, number of symbols, the symbols; or FAILED. */
  readonly steps: Int32Array;
  /** 1 for states in which a string may end: less than a byte of ones since the last symbol. */
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

/** Bytes that `length` encoded ones may decode to at most. */
export function decodedBytesMax(length: number): number {
  return ((length * 8) / 5) | 0;
}

/**
 * Decodes `bytes[start, end)` to the beginning of `target`, which has room for `decodedBytesMax`. Returns the number of
 * bytes, or -1 when the text holds EOS or its padding is not the beginning of EOS, shorter than a byte.
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
