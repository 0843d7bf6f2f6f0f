import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TorchFile } from '../../../src/weights/torch/torchFile.js';
import { temporaryFolder } from '../temporary.js';
import { openTorch } from './openTorch.js';
import { built, bytesOp, call, global, type Pickled, persistent, pickle, tuple } from './pickleWriter.js';
import { dense, float32, storageOf, tensorOf, writeLegacy, writeTorchZip } from './torchWriter.js';
import { writeZip } from './zipWriter.js';

const weights = float32('0', 1, 2, 3, 4, 5, 6);
const matrix = dense(weights, [2, 3]);

async function floats(source: TorchFile, name: string): Promise<number[]> {
  return [...new Float32Array((await source.read(name)).buffer)];
}

/** Opens what a dictionary of these values is as a zip file, and closes it after the body. */
async function withZip<Result>(
  entries: readonly [Pickled, Pickled][] | Pickled,
  body: (source: TorchFile) => Promise<Result> | Result,
  storages = [weights],
): Promise<Result> {
  const path = join(await temporaryFolder(), 'model.pt');
  const isEntries = Array.isArray(entries) && entries.every((entry) => Array.isArray(entry) && entry.length === 2);
  await writeTorchZip(path, isEntries ? new Map(entries as [Pickled, Pickled][]) : (entries as Pickled), storages);
  const source = await openTorch(path);
  try {
    return await body(source);
  } finally {
    await source.close();
  }
}

describe('both formats', () => {
  test.each([2, 3, 4, 5])('zip and legacy, protocol %i', async (protocol) => {
    const folder = await temporaryFolder();
    const root = new Map<Pickled, Pickled>([
      ['w', matrix],
      ['flat', dense(weights, [6])],
      ['bias', dense(float32('cpu-1', 7, -0), [2])],
      ['note', `protocol ${protocol}`],
    ]);
    const storages = [weights, float32('cpu-1', 7, -0)];
    await writeTorchZip(join(folder, 'zip.pt'), root, storages, { protocol, folder: 'some folder' });
    await writeTorchZip(join(folder, 'zip64.pt'), root, storages, { protocol, zip64: true });
    await writeLegacy(join(folder, 'legacy.pth'), root, storages, { protocol });
    for (const name of ['zip.pt', 'zip64.pt', 'legacy.pth']) {
      const source = await openTorch(join(folder, name));
      expect(source.names()).toEqual(['w', 'flat', 'bias']);
      expect(source.ignored).toEqual(['note']);
      expect(source.info('w')).toMatchObject({ dtype: 'F32', shape: [2, 3], byteLength: 24 });
      expect(await floats(source, 'w')).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await floats(source, 'flat')).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await floats(source, 'bias')).toEqual([7, -0]);
      expect(new Float32Array((await source.readRows('w', 1, 1)).buffer)).toEqual(Float32Array.of(4, 5, 6));
      await expect(source.readRows('w', 1, 2)).rejects.toThrow(/rows 0 to 1; rows 1 to 2 were asked for/);
      expect(() => source.info('gone')).toThrow(/no tensor "gone" among its 3/);
      await source.close();
      await expect(source.read('w')).rejects.toThrow(/closed/);
    }
  });

  test('values in big-endian byte order are refused', async () => {
    const folder = await temporaryFolder();
    const byteorder = { name: 'archive/byteorder', data: Buffer.from('big') };
    await writeTorchZip(join(folder, 'zip.pt'), new Map([['w', matrix]]), [weights], { more: [byteorder] });
    await writeLegacy(join(folder, 'legacy.pt'), new Map([['w', matrix]]), [weights], { littleEndian: false });
    await expect(openTorch(join(folder, 'zip.pt'))).rejects.toThrow(/little-endian byte order, found "big"/);
    await expect(openTorch(join(folder, 'legacy.pt'))).rejects.toThrow(/little-endian byte order/);
  });

  test('the records that torch 2 adds, and the little-endian mark', async () => {
    const path = join(await temporaryFolder(), 'model.pt');
    const more = [
      { name: 'archive/byteorder', data: Buffer.from('little') },
      { name: 'archive/.format_version', data: Buffer.from('1') },
      { name: 'archive/.data/serialization_id', data: Buffer.alloc(40, '7') },
    ];
    await writeTorchZip(path, new Map([['w', matrix]]), [weights], { more });
    const source = await openTorch(path);
    expect(await floats(source, 'w')).toEqual([1, 2, 3, 4, 5, 6]);
    await source.close();
  });

  test('views of storages, as the oldest legacy files have them', async () => {
    const path = join(await temporaryFolder(), 'model.pt');
    const view = storageOf(weights, tuple('1', 2, 3)); // elements 2 to 4
    const root = new Map<Pickled, Pickled>([['w', tensorOf(view, { offset: 1, shape: [2], strides: [1] })]]);
    await writeLegacy(path, root, [weights]);
    const source = await openTorch(path);
    expect(await floats(source, 'w')).toEqual([4, 5]);
    await source.close();
  });
});

describe('what a checkpoint can hold', () => {
  test('nested dictionaries and lists become names; other values are listed', async () => {
    const root = new Map<Pickled, Pickled>([
      ['generator', new Map([['model.a', matrix]])],
      ['state', new Map<Pickled, Pickled>([[0, new Map([['exp', matrix]])]])],
      ['list', [matrix, 5, tuple(matrix)]],
      ['step', 1234],
      ['config', new Map<Pickled, Pickled>([[tuple(1, 2), null]])],
      ['big', 2 ** 40],
      ['rate', 1e-5],
      ['device', call('torch device', 'cuda', 0)],
      ['dtype', global('torch bfloat16')],
      ['seen', call('__builtin__ set', [1, 2])],
    ]);
    await withZip(root, (source) => {
      expect(source.names()).toEqual(['generator/model.a', 'state/0/exp', 'list/0', 'list/2/0']);
      expect(source.ignored).toEqual(['list/1', 'step', 'config', 'big', 'rate', 'device', 'dtype', 'seen']);
    });
  });

  test('a file of one tensor', async () => {
    await withZip(matrix, async (source) => expect(await floats(source, 'tensor')).toEqual([1, 2, 3, 4, 5, 6]));
  });

  test('state dicts with _metadata, parameters, tensors with attributes', async () => {
    const ordered = built(call('collections OrderedDict'), new Map([['_metadata', call('collections OrderedDict')]]));
    const parameter = call('torch._utils _rebuild_parameter', matrix, true, call('collections OrderedDict'));
    const args = tuple(storageOf(weights), 0, tuple(3), tuple(2), false, null);
    const entries: [Pickled, Pickled][] = [
      ['empty', ordered],
      ['parameter', parameter],
      [
        'tagged',
        call(
          'torch._tensor _rebuild_from_type_v2',
          global('torch._utils _rebuild_tensor_v2'),
          global('torch Tensor'),
          args,
          new Map(),
        ),
      ],
    ];
    await withZip(entries, async (source) => {
      expect(source.names()).toEqual(['parameter', 'tagged']);
      expect(source.ignored).toEqual(['empty']);
      expect(await floats(source, 'parameter')).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await floats(source, 'tagged')).toEqual([1, 3, 5]);
    });
  });

  test('dtypes that have no storage type: 8-bit floats over untyped storages', async () => {
    const untyped = persistent(tuple('storage', global('torch.storage UntypedStorage'), '0', 'cuda:0', 24));
    const rebuild = (dtype: string, ...shape: number[]) =>
      call(
        'torch._utils _rebuild_tensor_v3',
        untyped,
        8,
        tuple(...shape),
        tuple(1),
        false,
        null,
        global(`torch ${dtype}`),
      );
    await withZip(
      [
        ['fp8', rebuild('float8_e4m3fn', 4)],
        ['u16', rebuild('uint16', 4)],
      ],
      async (source) => {
        expect(source.info('fp8')).toMatchObject({ dtype: 'F8_E4M3', shape: [4], byteLength: 4 });
        expect(source.info('u16')).toMatchObject({ dtype: 'U16', shape: [4], byteLength: 8 });
        expect([...(await source.read('fp8'))]).toEqual([...weights.bytes.subarray(8, 12)]);
        expect([...(await source.read('u16'))]).toEqual([...weights.bytes.subarray(16, 24)]);
      },
    );
  });

  test('names of JavaScript objects are ordinary names', async () => {
    const root = new Map<Pickled, Pickled>([
      ['__proto__', new Map([['polluted', matrix]])],
      ['constructor', matrix],
    ]);
    await withZip(root, (source) => expect(source.names()).toEqual(['__proto__/polluted', 'constructor']));
    expect('polluted' in {}).toBe(false);
  });

  test('no tensors at all', async () => {
    await withZip(new Map([['step', 1]]), (source) => expect(source.names()).toEqual([]), []);
  });

  test('opcodes that torch.save of other protocols writes: DUP, POP, LONG, BINUNICODE8, sets', async () => {
    const root = bytesOp(
      ...[0x7d, 0x28], // EMPTY_DICT MARK
      ...[0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 0x61], // BINUNICODE8 "a"
      ...[...Buffer.from('L123L\n')],
      ...[0x4e, 0x32, 0x30, 0x30], // NONE DUP POP POP
      ...[0x55, 1, 0x62], // SHORT_BINSTRING "b"
      ...[0x8f, 0x28, 0x4b, 1, 0x90], // EMPTY_SET MARK 1 ADDITEMS
      ...[0x75], // SETITEMS
    );
    await withZip(root, (source) => expect(source.ignored).toEqual(['']), []);
  });
});

test('only the pickle is read at open, and a tensor only where it lies', async () => {
  const path = join(await temporaryFolder(), 'model.pt');
  await writeTorchZip(path, new Map([['w', matrix]]), [weights]);
  const bytes = await readFile(path);
  const source = await openTorch(path);
  const at = bytes.indexOf(Buffer.from(weights.bytes));
  bytes.writeFloatLE(60, at + 20);
  await writeFile(path, bytes); // the last element changes after the file was opened
  expect(await floats(source, 'w')).toEqual([1, 2, 3, 4, 5, 60]);
  await source.close();
});

test('a zip64 archive of 4.5 GB: the last tensor, and the last rows of the large one', async () => {
  const path = join(await temporaryFolder(), 'large.pt');
  const elements = 1_207_959_552; // 4.5 GiB of float32, all of it a hole in the file but the last two
  const last = float32('1', 5, 6, 7);
  const id = tuple('storage', global('torch FloatStorage'), '0', 'cpu', elements);
  const large = tensorOf(persistent(id), { offset: 0, shape: [elements / 2, 2], strides: [2, 1] });
  await writeZip(
    path,
    [
      {
        name: 'large/data.pkl',
        data: pickle(
          new Map([
            ['large', large],
            ['last', dense(last, [3])],
          ]),
        ),
      },
      { name: 'large/data/0', data: new Uint8Array(Float32Array.of(3, 4).buffer), hole: elements * 4 - 8 },
      { name: 'large/data/1', data: last.bytes },
    ],
    { zip64: true },
  );
  const source = await openTorch(path);
  expect(source.info('large').byteLength).toBe(elements * 4);
  expect(await floats(source, 'last')).toEqual([5, 6, 7]);
  const rows = await source.readRows('large', elements / 2 - 2, 2);
  expect([...new Float32Array(rows.buffer)]).toEqual([0, 0, 3, 4]);
  await expect(source.read('large')).rejects.toThrow(/at once; read it by rows/);
  await source.close();
}, 20_000);
