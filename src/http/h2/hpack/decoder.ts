// Decodes the header blocks (RFC 7541 section 3.2) of one direction of a connection, within limits. Does not validate messages.

import { HeaderId } from '../../header-names.ts';
import { BlockCursor } from './block-cursor.ts';
import { DynamicTable } from './dynamic-table.ts';
import { type Field, fieldLike, fieldOf } from './field.ts';
import { BlockMemory, FieldBlock, KEPT_BLOCK_BYTES_MAX } from './field-block.ts';
import { credentialIds, NEVER_INDEXED } from './never-indexed.ts';
import { STATIC_COUNT, staticFields } from './static-table.ts';

const cursor = new BlockCursor();

/** Size updates allowed at the start of a block (RFC 7541 section 4.2): the smallest size since the last block, then the final one. */
const SIZE_UPDATES_MAX = 2;

export class HpackDecoder<Derived> {
  private readonly table: DynamicTable;
  /** The SETTINGS_HEADER_TABLE_SIZE that the gateway announced, in bytes. */
  private readonly tableBytesMax: number;
  private readonly memory: BlockMemory<Derived>;
  /** Number of blocks that were found in `memory`. */
  hits: number;

  constructor(tableBytesMax: number) {
    this.tableBytesMax = tableBytesMax;
    this.table = new DynamicTable(tableBytesMax);
    this.memory = new BlockMemory();
    this.hits = 0;
  }

  /**
   * Decodes one whole block, `bytes[start, end)`. Returns null when it is malformed: the connection must end with COMPRESSION_ERROR.
   * Short blocks that were decoded before under the same table return the same object. A block whose fields exceed `listBytesMax` is
   * decoded to its end to keep the table correct; the result has only the fields within the limit, and the content type.
   */
  decode(bytes: Buffer, start: number, end: number, listBytesMax: number): FieldBlock<Derived> | null {
    const { table, memory } = this;
    const known = end - start <= KEPT_BLOCK_BYTES_MAX ? memory.find(bytes, start, end, table.generation) : null;
    if (known !== null && known.size <= listBytesMax) {
      this.hits++;
      return known;
    }
    const { generation } = table;
    cursor.reset(bytes, start, end);
    if (!this.readSizeUpdates()) return null;
    const fields: Field[] = [];
    let neverIndexed: Set<string> | null = null;
    let size = 0;
    while (cursor.at < end) {
      const isMarked = (bytes[cursor.at]! & 0xf0) === NEVER_INDEXED;
      const field = this.readField();
      if (field === null) return null;
      size += field.size;
      if (isMarked && size <= listBytesMax && !credentialIds.has(field.id))
        (neverIndexed ??= new Set<string>()).add(field.name);
      // The form of a refusal depends on the content type, and gRPC clients send the metadata of their callers before it.
      if (size <= listBytesMax || field.id === HeaderId.contentType) fields.push(field);
    }
    if (size > listBytesMax) return new FieldBlock(fields, size, true);
    const block = new FieldBlock<Derived>(fields, size, false, neverIndexed);
    if (generation === table.generation && end - start <= KEPT_BLOCK_BYTES_MAX)
      memory.keep(bytes, start, end, generation, block);
    return block;
  }

  /** Releases the blocks kept for repetition. For connections that become idle. */
  forget(): void {
    this.memory.forget();
  }

  private readSizeUpdates(): boolean {
    for (let updates = 0; cursor.at < cursor.end && (cursor.bytes[cursor.at]! & 0xe0) === 0x20; updates++) {
      const size = cursor.integer(5);
      if (size < 0 || size > this.tableBytesMax || updates === SIZE_UPDATES_MAX) return false;
      this.table.resize(size);
    }
    return true;
  }

  /** Reads one field; null when it is malformed. */
  private readField(): Field | null {
    const first = cursor.bytes[cursor.at]!;
    if (first >= 0x80) return this.lookUp(cursor.integer(7));
    // A size update is allowed only before the first field.
    if ((first & 0xe0) === 0x20) return null;
    const indexing = first >= 0x40;
    const named = cursor.integer(indexing ? 6 : 4);
    const like = named === 0 ? null : this.lookUp(named);
    if (named !== 0 && like === null) return null;
    const name = like === null ? cursor.string() : like.name;
    const value = name === null ? null : cursor.string();
    if (name === null || value === null) return null;
    const field = like === null ? fieldOf(name, value) : fieldLike(like, value);
    if (indexing) this.table.add(field);
    return field;
  }

  private lookUp(index: number): Field | null {
    if (index <= 0) return null;
    if (index <= STATIC_COUNT) return staticFields[index]!;
    return this.table.at(index - STATIC_COUNT - 1) ?? null;
  }
}
