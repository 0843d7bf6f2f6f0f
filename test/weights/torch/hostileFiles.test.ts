import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { persistent, pickle, tuple } from './pickleWriter.js';
import { bytesRefusal, matrix, recordsRefusal, weights } from './refusal.js';
import { float32, legacyFile } from './torchWriter.js';
import { writeZip, type ZipRecord } from './zipWriter.js';

describe('zip archives', () => {
  const data = pickle(new Map([['w', matrix]]));
  const good: readonly ZipRecord[] = [
    { name: 'a/data.pkl', data },
    { name: 'a/data/0', data: weights.bytes },
  ];
  const changed = (index: number, fields: Partial<ZipRecord>) =>
    good.map((record, at) => (at === index ? { ...record, ...fields } : record));

  test.each<[string, readonly ZipRecord[], RegExp]>([
    ['no data.pkl', good.slice(1), /with one data.pkl in it, found "a\/data\/0"/],
    ['no records', [], /found no records/],
    ['two checkpoints', [...good, { name: 'b/data.pkl', data }], /found "a\/data.pkl", "b\/data.pkl"/],
    ['one name twice', [...good, good[1]], /two records called "a\/data\/0"/],
    [
      'a compressed pickle',
      changed(0, { deflate: true, data: Buffer.alloc(5000) }),
      /size mismatch|compressed or encrypted/,
    ],
    ['a name that leads out of the folder', changed(1, { name: 'a/../../x' }), /invalid relative path/],
    ['an absolute name', changed(1, { name: '/etc/passwd' }), /absolute path/],
    ['a size past the end', changed(1, { lies: { size: 2 ** 31 } }), /ends at byte \d+, but the file is at \d+/],
    ['a record over the next one', changed(0, { lies: { size: data.length + 8 } }), /but the next record is at/],
    ['an offset past the end', changed(1, { lies: { offset: 2 ** 31 } }), /ends at byte/],
    ['two records in one place', changed(1, { lies: { offset: 0, size: 4 } }), /but the next record is at 0/],
    [
      'another name in the directory',
      [
        { name: 'a/data.pkl', data },
        { name: 'a/data/1', data: weights.bytes, lies: { name: 'a/data/0' } },
      ],
      /does not fit the record "a\/data\/0"/,
    ],
  ])('%s', async (_name, records, message) => {
    expect(await recordsRefusal(records)).toMatch(message);
  });

  test.each<[string, number, boolean, RegExp]>([
    ['more records than there are', 3, false, /invalid central directory|past the end/],
    ['a million records', 1_000_000, true, /expected at most 65536 records in the zip archive, found 1000000/],
  ])('%s', async (_name, entryCount, zip64, message) => {
    expect(await recordsRefusal(good, { entryCount, zip64 })).toMatch(message);
  });

  test('a size of 2^62 in the zip64 fields', async () => {
    expect(await recordsRefusal(changed(1, { lies: { size: 2 ** 62 } }), { zip64: true })).toMatch(/ends at byte/);
  });

  test('an archive cut anywhere', async () => {
    const folder = await temporaryFolder();
    await writeZip(join(folder, 'whole.pt'), good);
    const whole = await readFile(join(folder, 'whole.pt'));
    for (let length = 4; length < whole.length; length += 7) {
      expect(await bytesRefusal(whole.subarray(0, length))).toMatch(/cut short|damaged/);
    }
  });
});

describe('the legacy format', () => {
  const root = new Map([['w', matrix]]);

  test('a file cut anywhere', async () => {
    const whole = legacyFile(root, [weights]);
    for (let length = 16; length < whole.length; length += 5) {
      expect(await bytesRefusal(whole.subarray(0, length))).toMatch(/cut short/);
    }
  });

  test.each<[string, Buffer, RegExp]>([
    ['a storage with another number of elements', legacyFile(root, [float32('0', 1, 2)]), /should (end|have)/],
    ['a storage that is missing', legacyFile(root, []), /there is no storage "0"/],
    ['a storage that nothing uses', legacyFile(root, [weights, float32('1', 1)]), /"1" more often or unused/],
    ['a storage twice', legacyFile(root, [weights, weights]), /"0" more often or unused/],
    ['storages within pickles that have none', legacyFile(persistent(tuple('storage', 1)), []), /no storage/],
  ])('%s', async (_name, bytes, message) => {
    expect(await bytesRefusal(bytes)).toMatch(message);
  });
});

test.each<[string, Uint8Array]>([
  ['an empty file', new Uint8Array(0)],
  ['a web page', Buffer.from('<!DOCTYPE html><html></html>')],
  ['a bare pickle', pickle(new Map([['w', 1]]))],
  ['the oldest format, a tar', Buffer.concat([Buffer.from('sys_info'), Buffer.alloc(504)])],
])('%s is no file of torch.save', async (_name, bytes) => {
  expect(await bytesRefusal(bytes)).toMatch(/expected a PyTorch file of torch.save .*, found neither/);
});
