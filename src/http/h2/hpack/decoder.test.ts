// Header blocks: the examples of RFC 7541 Appendix C, malformed blocks, limits, and the cache of repeated blocks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeaderId } from '../../header-names.ts';
import { BlockWriter } from './block-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { FieldFlaw, PseudoId } from './field.ts';

function reader(tableBytesMax = 4096, listBytesMax = 65_536) {
  const decoder = new HpackDecoder<object>(tableBytesMax);
  const block = (hex: string) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return decoder.decode(bytes, 0, bytes.length, listBytesMax);
  };
  const lines = (hex: string) => block(hex)?.fields.map(({ name, value }) => `${name}=${value}`) ?? null;
  return { decoder, block, lines };
}

const exampleRequests = [
  [':method=GET', ':scheme=http', ':path=/', ':authority=www.example.com'],
  [':method=GET', ':scheme=http', ':path=/', ':authority=www.example.com', 'cache-control=no-cache'],
  [':method=GET', ':scheme=https', ':path=/index.html', ':authority=www.example.com', 'custom-key=custom-value'],
];

const exampleResponses = [
  [':status=302', 'cache-control=private', 'date=Mon, 21 Oct 2013 20:13:21 GMT', 'location=https://www.example.com'],
  [':status=307', 'cache-control=private', 'date=Mon, 21 Oct 2013 20:13:21 GMT', 'location=https://www.example.com'],
  [
    ':status=200',
    'cache-control=private',
    'date=Mon, 21 Oct 2013 20:13:22 GMT',
    'location=https://www.example.com',
    'content-encoding=gzip',
    'set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
];

test('the names of fields that are marked as never indexed are told, but for credentials, which are always sent on so', () => {
  const { block } = reader();
  // `password: secret` and `custom-key: custom-value`, then the latter marked as well; last an `authorization: abc`, marked.
  const marked = '100870617373776f726406736563726574';
  const plain = '400a637573746f6d2d6b65790c637573746f6d2d76616c7565';
  assert.deepEqual([...block(marked + plain)!.neverIndexed!], ['password']);
  assert.equal(block(plain)!.neverIndexed, null);
  const both = `${marked}1f2f0c637573746f6d2d76616c7565`;
  assert.deepEqual([...block(both)!.neverIndexed!], ['password', 'custom-key']);
  // Found again by its bytes.
  assert.deepEqual([...block(both)!.neverIndexed!], ['password', 'custom-key']);
  assert.equal(block('1f0803616263')!.neverIndexed, null);
});

describe('examples of RFC 7541 Appendix C', () => {
  test('C.2: one field in each representation', () => {
    assert.deepEqual(reader().lines('400a637573746f6d2d6b65790d637573746f6d2d686561646572'), [
      'custom-key=custom-header',
    ]);
    assert.deepEqual(reader().lines('040c2f73616d706c652f70617468'), [':path=/sample/path']);
    assert.deepEqual(reader().lines('100870617373776f726406736563726574'), ['password=secret']);
    assert.deepEqual(reader().lines('82'), [':method=GET']);
  });

  for (const [name, tableBytesMax, expected, blocks] of [
    [
      'C.3: requests',
      4096,
      exampleRequests,
      [
        '828684410f7777772e6578616d706c652e636f6d',
        '828684be58086e6f2d6361636865',
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      ],
    ],
    [
      'C.4: requests with Huffman',
      4096,
      exampleRequests,
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        '828684be5886a8eb10649cbf',
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ],
    ],
    [
      'C.5: responses, a table of 256 bytes',
      256,
      exampleResponses,
      [
        `4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54
         6e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
        '4803333037c1c0bf',
        `88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d
         4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31`,
      ],
    ],
    [
      'C.6: responses with Huffman',
      256,
      exampleResponses,
      [
        `488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
        '4883640effc1c0bf',
        `88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960
         d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007`,
      ],
    ],
  ] as const)
    test(name, () => {
      const { lines } = reader(tableBytesMax);
      assert.deepEqual(
        blocks.map(hex => lines(hex.replaceAll(/\s/g, ''))),
        expected,
      );
    });
});

describe('malformed blocks', () => {
  for (const [name, hex] of [
    ['index 0', '80'],
    ['an index beyond both tables', 'be'],
    ['a name beyond both tables', '7e0161'],
    ['an integer that is cut off', 'ff'],
    ['an integer without end', 'ffffffffffffffff7f'],
    ['a length beyond the block', '000561'],
    ['a value that is missing', '000161'],
    ['a size update behind a field', '8220'],
    ['a size update behind a field, and what could be a value', '82210161'],
    ['a size beyond what was allowed', '3fe21f'],
    ['three size updates', '20202082'],
    ['Huffman padding of zeroes', '00816101 61'],
  ] as const)
    test(`refuses ${name}`, () => assert.equal(reader().block(hex), null));

  test('integers are read to their end, in as many bytes as they take, and refused beyond 2^28 - 1', () => {
    const { block, decoder } = reader(2 ** 28);
    const size = (hex: string) => block(`${hex}82`) !== null;
    assert.equal(size('3fe0ffff7f'), true, '2^28 - 1, in four bytes');
    assert.equal(size('3fe0ffffff00'), true, 'and in five');
    assert.equal(size('3fe1ffff7f'), false);
    assert.equal(size('3f8080808000'), true, '31 with as many zeroes as five bytes hold');
    assert.equal(size('3f808080808000'), false, 'and with one more');
    assert.equal(size('3f'), false);
    assert.equal(size('3f80'), false);
    assert.equal(decoder.decode(Buffer.from('ff0082', 'hex'), 0, 1, 1_000), null, 'cut off, whatever is behind it');
    assert.equal(decoder.decode(Buffer.from('00016101', 'hex'), 0, 2, 1_000), null);
  });

  test('a size update may be as large as was allowed', () => {
    assert.deepEqual(reader(4_096).lines('3fe11f82'), [':method=GET']);
    assert.equal(reader(4_095).lines('3fe11f82'), null);
    assert.deepEqual(reader(4_096).lines('203fe11f82'), [':method=GET'], 'two of them');
  });

  test('every field of the static table is found by its index, and the one behind it only in the dynamic one', () => {
    const { lines } = reader();
    assert.deepEqual(lines('81'), [':authority=']);
    assert.deepEqual(lines('bd'), ['www-authenticate=']);
    assert.deepEqual(lines('7d0161be'), ['www-authenticate=a', 'www-authenticate=a']);
  });

  test('any bytes are decoded or refused, within the limit, and never thrown at', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 120, size: 'max' }), { maxLength: 8 }), blocks => {
        const decoder = new HpackDecoder(256);
        for (const raw of blocks) {
          const block = decoder.decode(Buffer.from(raw), 0, raw.length, 500);
          if (block === null) return;
          const size = block.fields.reduce((sum, field) => sum + field.size, 0);
          assert.ok(size <= 500 && (block.tooLarge || size === block.size));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('what a field is', () => {
  const flawOf = (name: string, value: string) => {
    const hex = Buffer.from([
      0,
      name.length,
      ...Buffer.from(name, 'latin1'),
      value.length,
      ...Buffer.from(value, 'latin1'),
    ]);
    return reader().block(hex.toString('hex'))!.fields[0]!.flaw;
  };

  test('names are tokens in lower case, values have no control bytes and no white space around', () => {
    for (const name of ['a', 'x-y', ':path', ':new']) assert.equal(flawOf(name, 'v'), FieldFlaw.none, name);
    for (const name of ['', 'A', 'x y', 'x:y', 'x\r', 'x\n', 'x\0', ':', ':A', 'é', 'x-Y'])
      assert.equal(flawOf(name, 'v'), FieldFlaw.name, JSON.stringify(name));
    for (const value of ['', 'v', 'a b', 'a\tb', '\xe9']) assert.equal(flawOf('n', value), FieldFlaw.none, value);
    for (const value of ['\r', 'a\rb', 'a\nb', 'a\0b', ' a', 'a ', '\ta', 'a\t', '\x7f'])
      assert.equal(flawOf('n', value), FieldFlaw.value, JSON.stringify(value));
  });

  test('a flaw in a name stays with it in the table', () => {
    const { block } = reader();
    assert.equal(block('40014101 62')!.fields[0]!.flaw, FieldFlaw.name);
    assert.equal(block('7e0163')!.fields[0]!.flaw, FieldFlaw.name);
    assert.equal(block('be')!.fields[0]!.flaw, FieldFlaw.name);
  });

  test('well-known names have their ids', () => {
    const { block } = reader();
    assert.deepEqual(
      block('828684 0f 0d 01 31 00 04 686f7374 01 61')!.fields.map(({ id }) => id),
      [PseudoId.method, PseudoId.scheme, PseudoId.path, HeaderId.contentLength, HeaderId.host],
    );
  });
});

describe('limits', () => {
  test('a list that is too large comes with its first fields, and the table is right behind it', () => {
    const { block, lines } = reader(4096, 200);
    const large = block(`4001610162 ${'be'.repeat(10)} 4001630164`)!;
    assert.deepEqual([large.tooLarge, large.fields.length], [true, 5]);
    assert.deepEqual(lines('bebf'), ['c=d', 'a=b']);
  });

  test('a list that is exactly as large as it may be is whole, whether it is new or comes again', () => {
    // Each field counts 34 bytes.
    const block = Buffer.from('000161013100016201320001630133', 'hex');
    const decoder = new HpackDecoder<object>(0);
    const names = (limit: number) => {
      const read = decoder.decode(block, 0, block.length, limit)!;
      return [read.fields.map(({ name }) => name).join(''), read.tooLarge];
    };
    assert.deepEqual(names(102), ['abc', false]);
    assert.deepEqual(names(102), ['abc', false]);
    assert.deepEqual(names(101), ['ab', true], 'also when it was read before under a larger limit');
    assert.equal(decoder.hits, 1);
  });

  test('a compressed value may be of any length', () => {
    for (const length of [2_000, 4_096, 10_000]) {
      const writer = new BlockWriter();
      writer.begin();
      writer.field('x-long', 'e'.repeat(length), true);
      const read = new HpackDecoder(0).decode(writer.bytes, 0, writer.length, 65_536)!;
      assert.equal(read.fields[0]!.value, 'e'.repeat(length));
    }
  });

  test('the content type of such a list comes with it, wherever and however it stands', () => {
    for (const type of ['5f0167', '0f100167', '000c636f6e74656e742d747970650167']) {
      const { block } = reader(4096, 100);
      const { tooLarge, fields } = block(`4001610162 ${'be'.repeat(10)} ${type} 0001630164`)!;
      assert.equal(tooLarge, true);
      assert.deepEqual(
        fields.map(({ name, value }) => `${name}=${value}`),
        ['a=b', 'a=b', 'content-type=g'],
      );
    }
  });

  test('an HPACK bomb costs what its bytes cost: a thousand references to one large field hold no more than the limit', () => {
    const decoder = new HpackDecoder(4096);
    const writer = Buffer.concat([
      Buffer.from('40016b', 'hex'),
      Buffer.from([0x7f, 0x80 | (4000 - 127 - 30 * 128), 30]),
      Buffer.alloc(4000 - 1, 0x61),
    ]);
    const length = 3_999;
    const prefix = Buffer.from([0x40, 0x01, 0x6b, 0x7f, ((length - 127) & 0x7f) | 0x80, (length - 127) >> 7]);
    const bomb = Buffer.concat([prefix, writer.subarray(-length), Buffer.alloc(16_000, 0xbe)]);
    const before = process.memoryUsage().heapUsed;
    const block = decoder.decode(bomb, 0, bomb.length, 32_768)!;
    assert.ok(block.tooLarge && block.fields.length === 8);
    assert.ok(process.memoryUsage().heapUsed - before < 4_000_000);
  });
});

describe('the dynamic table', () => {
  test('holds as many bytes as it may, and forgets the oldest first', () => {
    // Each field counts 34 bytes.
    const { lines } = reader(68);
    assert.deepEqual(lines('4001610131 4001620132 bebf'), ['a=1', 'b=2', 'b=2', 'a=1']);
    assert.deepEqual(lines('4001630133 bebf'), ['c=3', 'c=3', 'b=2']);
    assert.equal(lines('c0'), null);
  });

  test('a field larger than the table empties it', () => {
    const { lines } = reader(68);
    assert.deepEqual(lines('4001610131'), ['a=1']);
    assert.deepEqual(lines(`400162 23${'33'.repeat(35)}`), [`b=${'3'.repeat(35)}`]);
    assert.deepEqual(lines('be'), [`b=${'3'.repeat(35)}`], 'exactly as large as the table');
    assert.deepEqual(lines(`400162 24${'33'.repeat(36)}`), [`b=${'3'.repeat(36)}`]);
    assert.equal(lines('be'), null);
  });

  test('keeps what still fits when it is made smaller', () => {
    const { lines } = reader(4_096);
    lines('4001610131 4001620132 4001630133');
    assert.deepEqual(lines('3f25bebf'), ['c=3', 'b=2'], '68 bytes');
    assert.equal(lines('c0'), null);
    assert.deepEqual(lines('3f24be'), ['c=3'], '67 bytes');
  });

  test('stays right over many more fields than it holds', () => {
    const { lines } = reader(256);
    for (let n = 0; n < 100; n++) {
      const text = String.fromCharCode(97 + (n % 26));
      const hex = Buffer.from(text).toString('hex');
      assert.deepEqual(lines(`4001${hex}01${hex}`), [`${text}=${text}`]);
      const before = Array.from({ length: Math.min(n + 1, 7) }, (_, back) =>
        String.fromCharCode(97 + ((n - back) % 26)),
      );
      const indexes = before.map((_, back) => (0xbe + back).toString(16)).join('');
      assert.deepEqual(
        lines(indexes),
        before.map(each => `${each}=${each}`),
      );
      if (n >= 7) assert.equal(lines('c5'), null);
    }
  });
});

describe('blocks that come again', () => {
  test('are the same object while the table stands', () => {
    const { block, decoder } = reader();
    const first = block('828684400161 0162'.replace(' ', ''))!;
    const indexed = block('828684be')!;
    assert.notEqual(indexed, first);
    assert.equal(block('828684be'), indexed);
    assert.equal(decoder.hits, 1);
  });

  test('are decoded anew once the table has changed, and mean something else', () => {
    const { block, lines } = reader();
    block('4001610162');
    const before = block('be')!;
    block('4001630164');
    assert.notEqual(block('be'), before);
    assert.deepEqual(lines('be'), ['c=d']);
    assert.deepEqual(lines('bf'), ['a=b']);
  });

  test('that change the table always do so', () => {
    const { lines } = reader();
    for (let round = 0; round < 3; round++) assert.deepEqual(lines('4001610162'), ['a=b']);
    assert.deepEqual(lines('bebfc0'), ['a=b', 'a=b', 'a=b']);
    assert.equal(lines('c1'), null);
  });

  test('a size update in front of a known block counts', () => {
    const { lines, block } = reader();
    lines('4001610162');
    assert.deepEqual(lines('be'), ['a=b']);
    assert.deepEqual(lines('2082'), [':method=GET']);
    assert.equal(block('be'), null);
  });
});

describe('writing', () => {
  test('what is written is read again', () => {
    const text = fc.stringMatching(/^[!-~]{0,60}$/);
    const name = fc.oneof(
      fc.constantFrom('date', 'content-type', 'set-cookie', ':path'),
      fc.stringMatching(/^[a-z-]{1,20}$/),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text, fc.boolean()), { maxLength: 20, size: 'max' }), fields => {
        const writer = new BlockWriter(16);
        writer.begin();
        for (const [field, value, huffman] of fields) writer.field(field, value, huffman);
        const block = new HpackDecoder(0).decode(writer.bytes, 0, writer.length, 1 << 20)!;
        assert.deepEqual(
          block.fields.map(each => [each.name, each.value]),
          fields.map(([field, value]) => [field, value]),
        );
      }),
    );
  });

  test('statuses, lines of bytes, and long values', () => {
    const writer = new BlockWriter(8);
    writer.begin();
    writer.emptyTable();
    writer.status(200);
    writer.status(418);
    const line = Buffer.from(`X-Long: ${'v'.repeat(1000)}`);
    writer.lineBytes(line, 0, 6, 8, line.length);
    writer.valueBytes(33, Buffer.from('now'), 0, 3);
    const block = new HpackDecoder(0).decode(writer.bytes, 0, writer.length, 1 << 20)!;
    assert.deepEqual(
      block.fields.map(each => `${each.name}=${each.value}`),
      [':status=200', ':status=418', `x-long=${'v'.repeat(1000)}`, 'date=now'],
    );
  });
});
