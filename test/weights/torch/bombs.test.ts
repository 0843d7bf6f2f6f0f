import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { openTorch } from './openTorch.js';
import { type Pickled, Raw } from './pickleWriter.js';
import { dense, float32, tensorOf, writeTorchZip } from './torchWriter.js';

// Small files that would become large objects, long loops or deep recursion: each must be refused quickly, and all of
// them together in little memory. The peak of this process is looked at in the end.
const before = peakBytes();

// Measured: at most 0.5 s of processor time (a million memo slots). A walk over 2^60 tensors would never end.
const SECONDS = 4;
// Measured: 245 MB, most of it the pickles of the tests themselves. 10 MB of empty dictionaries would be 2 GB.
const PEAK_BYTES = 8e8;

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

const weights = float32('0', 1);
const tensor = dense(weights, [1]);

/** The same opcodes again and again, in a pickle of at most `megabytes`. */
function repeated(megabytes: number, opcodes: number[], start: number[] = [], end: number[] = []): Buffer {
  const count = Math.floor((megabytes * 2 ** 20) / opcodes.length);
  return Buffer.concat([
    Buffer.from([0x80, 2, ...start]),
    Buffer.alloc(count * opcodes.length, Buffer.from(opcodes)),
    Buffer.from([...end, 0x2e]),
  ]);
}

/** A dictionary that holds the one below it twice, `levels` deep: 2 ** levels tensors in a few bytes. */
const doubled = (levels: number): Raw =>
  new Raw((out) => {
    out.value(new Map([['w', tensor]]));
    for (let level = 0; level < levels; level++) {
      out.bytes(Uint8Array.of(0x71, level, 0x30)); // BINPUT level, POP
      out.value(
        new Map<Pickled, Pickled>([
          ['a', get(level)],
          ['b', get(level)],
        ]),
      );
    }
  });
const get = (slot: number): Raw => new Raw((out) => out.bytes(Uint8Array.of(0x68, slot)));

/** A dictionary of a tensor and `entries` numbers, in a list again and again. */
const manyTimes = (entries: number): Raw =>
  new Raw((out) => {
    out.value(new Map<Pickled, Pickled>(Array.from({ length: entries }, (_, index) => [index, null])).set('w', tensor));
    out.bytes(Uint8Array.of(0x71, 0, 0x30)); // BINPUT 0, POP
    out.value(Array.from({ length: 50 }, () => get(0)));
  });

const itself = new Raw((out) => out.bytes(Uint8Array.from([0x5d, 0x71, 0, 0x68, 0, 0x61]))); // a list in itself

test.each<[string, Pickled | Buffer, RegExp | 'loads']>([
  ['marks', repeated(10, [0x28]), /more than 1000000 steps/],
  ['empty dictionaries', repeated(10, [0x7d]), /more than 250000 tuples, lists and dictionaries/],
  ['empty lists', repeated(10, [0x5d]), /more than 250000 tuples/],
  ['tuples in tuples', repeated(10, [0x85], [0x4e]), /more than 250000 tuples/],
  [
    'OrderedDicts',
    repeated(10, [0x68, 0, 0x29, 0x52], [...Buffer.from('ccollections\nOrderedDict\n'), 0x71, 0]),
    /more than 250000 tuples/,
  ],
  ['memo slots', repeated(10, [0x94], [0x4e]), /more than 1000000 steps/],
  ['copies of a text', repeated(10, [0x68, 0], [0x8c, 2, 0x61, 0x62, 0x71, 0]), /more than 1000000 steps/],
  ['long integers', repeated(10, [0x8a, 200, ...Array(200).fill(0x11)], [], [0x30]), 'loads'],
  [
    'lists in lists',
    Buffer.concat([repeated(0.2, [0x5d]).subarray(0, -1), Buffer.alloc(200_000, 0x61), Buffer.of(0x2e)]),
    /more than 64 levels deep/,
  ],
  ['a list in itself', itself, /or holds itself/],
  ['2^60 tensors', doubled(60), /expected at most 100000 tensors/],
  ['a large dictionary under many names', manyTimes(100_000), /holds more than 1000000 values/],
  ['a pickle of 40 MB', repeated(40, [0x4e, 0x30]), /a pickle of at most 33554432 bytes/],
  [
    'many expanded tensors',
    Array.from({ length: 200 }, () => tensorOf(weights, { offset: 0, shape: [2 ** 24], strides: [0] })),
    /would take \d+ bytes/,
  ],
])('%s', async (_name, root, message) => {
  const path = join(await temporaryFolder(), 'bomb.pt');
  await writeTorchZip(path, root, [weights]);
  const start = process.cpuUsage();
  const outcome = await openTorch(path).then(
    (source) => source.close().then(() => 'loads'),
    (thrown: Error) => thrown,
  );
  const { user, system } = process.cpuUsage(start);
  if (message === 'loads') expect(outcome).toBe('loads');
  else expect(outcome).toMatchObject({ name: 'TokenTrimError', message: expect.stringMatching(message) });
  expect((user + system) / 1e6).toBeLessThan(SECONDS);
});

afterAll(() => {
  expect(peakBytes() - before).toBeLessThan(PEAK_BYTES);
});
