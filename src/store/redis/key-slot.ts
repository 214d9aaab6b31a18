// The slot of a Redis Cluster in which a key lies: CRC16 (XMODEM) of its hash tag, or of the whole key (Redis Cluster specification).

const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

/** For keys of ASCII characters only, as all keys of limits are. */
export function keySlot(key: string): number {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  const hasTag = close > open + 1;
  const end = hasTag ? close : key.length;
  let crc = 0;
  for (let at = hasTag ? open + 1 : 0; at < end; at++)
    crc = ((crc << 8) ^ table[((crc >>> 8) ^ key.charCodeAt(at)) & 0xff]!) & 0xffff;
  return crc % SLOTS;
}
