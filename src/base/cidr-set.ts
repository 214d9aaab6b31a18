// A set of IP addresses written as CIDR blocks, with a test for membership. Knows nothing of whose addresses they are.

import { IPV6_WORDS, mappedIpv4, parseIpv4, parseIpv6, parseZonedIpv6 } from './ip-address.ts';

interface Block {
  readonly family: 4 | 6;
  /** First and last address: one number for IPv4, four for IPv6. */
  readonly first: readonly number[];
  readonly last: readonly number[];
}

// The address of the current look-up. Look-ups are synchronous, so one scratch array serves every set.
const asked = new Uint32Array(IPV6_WORDS);

/**
 * A set of blocks such as `10.0.0.0/8`, `2001:db8::/32` or a single address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is treated
 * as the IPv4 address, in blocks and in look-ups; other IPv6 blocks, including `::/0`, contain IPv6 only.
 */
export class CidrSet {
  /** Disjoint ranges in ascending order: blocks that lie within another block are dropped. */
  private readonly firsts4: Uint32Array;
  private readonly lasts4: Uint32Array;
  private readonly firsts6: Uint32Array;
  private readonly lasts6: Uint32Array;

  /** Throws a TypeError with the reason when a block is malformed; see `cidrError`. */
  constructor(blocks: readonly string[]) {
    const parsed = blocks.map(text => {
      const block = parseBlock(text);
      if (typeof block === 'string') throw new TypeError(block);
      return block;
    });
    const four = outermost(parsed.filter(({ family }) => family === 4));
    const six = outermost(parsed.filter(({ family }) => family === 6));
    this.firsts4 = Uint32Array.from(four.flatMap(({ first }) => first));
    this.lasts4 = Uint32Array.from(four.flatMap(({ last }) => last));
    this.firsts6 = Uint32Array.from(six.flatMap(({ first }) => first));
    this.lasts6 = Uint32Array.from(six.flatMap(({ last }) => last));
  }

  /** Whether the set contains this address. A zone (`fe80::1%eth0`) is ignored; a text that is not an IP address is in no set. */
  has(ip: string): boolean {
    const address = parseIpv4(ip);
    if (address !== -1) return this.has4(address);
    if (!parseZonedIpv6(ip, asked)) return false;
    const mapped = mappedIpv4(asked);
    return mapped === -1 ? this.has6() : this.has4(mapped);
  }

  private has4(address: number): boolean {
    const { firsts4 } = this;
    let low = 0;
    let high = firsts4.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firsts4[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address <= this.lasts4[low - 1]!;
  }

  private has6(): boolean {
    const { firsts6 } = this;
    let low = 0;
    let high = firsts6.length / IPV6_WORDS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(firsts6, middle * IPV6_WORDS, asked) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compare(this.lasts6, (low - 1) * IPV6_WORDS, asked) >= 0;
  }
}

/** What is wrong with a block, in words for the operator; undefined when the block is valid. */
export function cidrError(text: string): string | undefined {
  const block = parseBlock(text);
  return typeof block === 'string' ? block : undefined;
}

/** The block and all that enclose it, the narrowest first, each in one spelling of its own. Empty for a malformed block. */
export function enclosingBlocks(text: string): string[] {
  const block = parseBlock(text);
  if (typeof block === 'string') return [];
  const { first, last } = block;
  const blocks: string[] = [];
  for (let length = first.length * 32; length >= 0; length--) {
    const masks = first.map((_, i) => hostMask(length - i * 32));
    if (first.some((word, i) => ((word ^ last[i]!) & ~masks[i]!) !== 0)) continue;
    blocks.push(`${first.map((word, i) => (word & ~masks[i]!) >>> 0).join('.')}/${length}`);
  }
  return blocks;
}

/** The parsed block, or what is wrong with it. */
function parseBlock(text: string): Block | string {
  const slashAt = text.indexOf('/');
  const addressText = slashAt === -1 ? text : text.slice(0, slashAt);
  const words = new Uint32Array(IPV6_WORDS);
  let address = parseIpv4(addressText);
  const wide = address === -1;
  if (wide && !parseIpv6(addressText, words)) return `not an IP address or CIDR block: ${JSON.stringify(text)}`;
  const bits = wide ? 128 : 32;
  const lengthText = slashAt === -1 ? String(bits) : text.slice(slashAt + 1);
  const length = /^(?:0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : -1;
  if (length < 0 || length > bits) return `the prefix length of ${text} is not a number from 0 to ${bits}`;
  if (wide && length >= 96) address = mappedIpv4(words);
  const isV4 = address !== -1;
  const first = isV4 ? [address] : [...words];
  const free = isV4 && wide ? length - 96 : length;
  const hostBits = first.map((_, i) => hostMask(free - i * 32));
  if (first.some((word, i) => (word & hostBits[i]!) !== 0)) {
    return `${text} has bits set after its prefix of ${length}: write the block's first address, or leave /${length} out for one address`;
  }
  return { family: isV4 ? 4 : 6, first, last: first.map((word, i) => (word | hostBits[i]!) >>> 0) };
}

/** The bits of a 32-bit word after a prefix of `length` bits. */
function hostMask(length: number): number {
  if (length <= 0) return 0xffffffff;
  return length >= 32 ? 0 : 0xffffffff >>> length;
}

/** Sorts blocks and drops those that lie within another one. Two CIDR blocks are nested or disjoint, never partly overlapping. */
function outermost(blocks: readonly Block[]): Block[] {
  const ordered = [...blocks].sort((a, b) => order(a.first, b.first) || order(b.last, a.last));
  const kept: Block[] = [];
  for (const block of ordered) {
    const before = kept.at(-1);
    if (before === undefined || order(block.first, before.last) > 0) kept.push(block);
  }
  return kept;
}

function order(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((word, i) => word !== b[i]);
  return at === -1 ? 0 : a[at]! - b[at]!;
}

/** Compares the address that starts at index `at` of a table with `address`: negative, zero or positive. */
function compare(table: Uint32Array, at: number, address: Uint32Array): number {
  for (let i = 0; i < IPV6_WORDS; i++) {
    const difference = table[at + i]! - address[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
