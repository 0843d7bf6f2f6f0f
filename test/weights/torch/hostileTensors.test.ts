import { describe, expect, test } from 'vitest';
import { bytesOp, call, global, type Pickled, persistent, tuple } from './pickleWriter.js';
import { matrix, weights, zipRefusal } from './refusal.js';
import { dense, float32, storageOf } from './torchWriter.js';

const view = (offset: Pickled, shape: Pickled, strides: Pickled) =>
  call('torch._utils _rebuild_tensor_v2', storageOf(weights), offset, shape, strides, false, null);

describe('tensors that leave their storage', () => {
  test.each<[string, Pickled, RegExp]>([
    ['offset past the end', view(4, tuple(1), tuple(1)), /needs 20 bytes of a storage of 16/],
    ['size past the end', view(0, tuple(8, 8), tuple(8, 1)), /needs 256 bytes/],
    ['stride past the end', view(0, tuple(2, 1), tuple(100, 1)), /needs 404 bytes/],
    [
      'sizes and strides whose product wraps 2^64',
      view(0, tuple(2, 2), tuple(2 ** 52, 2 ** 52)),
      /needs 3602879701896397\d bytes/,
    ],
    ['2^40 by 2^40 elements', view(0, tuple(2 ** 40, 2 ** 40), tuple(0, 0)), /more than a file can hold/],
    [
      '4 TiB out of one element',
      view(0, tuple(2 ** 20, 2 ** 20), tuple(0, 0)),
      /expanded tensor of 4398046511104 bytes/,
    ],
    ['negative offset', view(-1, tuple(1), tuple(1)), /offset -1/],
    ['negative size', view(0, tuple(-2, 2), tuple(2, 1)), /size \(-2, 2\)/],
    ['negative stride', view(0, tuple(2), tuple(-1)), /stride \(-1\)/],
    ['fractional size', view(0, tuple(1.5), tuple(1)), /size \(1.5\)/],
    [
      'an integer past 2^53',
      view(0, tuple(bytesOp(0x8a, 8, 1, 0, 0, 0, 0, 0, 0x20, 0)), tuple(1)),
      /size \(9007199254740993\)/,
    ],
    ['more strides than sizes', view(0, tuple(2), tuple(1, 1)), /as many whole numbers/],
    [
      'more axes than PyTorch has',
      view(0, tuple(...Array(65).fill(1)), tuple(...Array(65).fill(1))),
      /up to 64 whole numbers/,
    ],
    ['a size that is no tuple', view(0, 'x', tuple(1)), /with size that is none/],
  ])('%s', async (_name, tensor, message) => {
    const text = await zipRefusal(
      new Map<Pickled, Pickled>([
        ['fine', matrix],
        ['w', tensor],
      ]),
    );
    expect(text).toMatch(message);
  });

  const declared = (elements: Pickled) =>
    persistent(tuple('storage', global('torch FloatStorage'), '0', 'cpu', elements));
  const over = (storage: Pickled) =>
    call('torch._utils _rebuild_tensor_v2', storage, 0, tuple(1), tuple(1), false, null);

  test.each<[string, Pickled, RegExp]>([
    ['longer than the record', over(declared(8)), /should have 32 bytes, but its record has 16/],
    ['shorter than the record', over(declared(2)), /should have 8 bytes, but its record has 16/],
    [
      'of 2^60 elements',
      over(declared(bytesOp(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x10))),
      /declares a storage of 1152921504606846976/,
    ],
    ['of -1 elements', over(declared(-1)), /declares a storage of -1/],
    ['described in two ways', tuple(over(declared(4)), over(declared(2))), /storage "0" in two ways/],
    ['that is not there', dense(float32('1', 1), [1]), /no record "archive\/data\/1"/],
    ['outside the folder', dense(float32('../data.pkl', 1), [1]), /no record "archive\/data\/\.\.\/data.pkl"/],
    [
      'called by a dictionary',
      persistent(tuple('storage', global('torch FloatStorage'), new Map(), 'cpu', 1)),
      /something that is no text/,
    ],
  ])('a storage %s', async (_name, root, message) => {
    expect(await zipRefusal(root)).toMatch(message);
  });
});

describe('names that are ambiguous', () => {
  test('one name by two ways', async () => {
    const root = new Map<Pickled, Pickled>([
      ['a/b', matrix],
      ['a', new Map([['b', matrix]])],
    ]);
    expect(await zipRefusal(root)).toMatch(/two tensors have the name "a\/b"/);
  });

  test('a number and the same number as a text', async () => {
    expect(
      await zipRefusal(
        new Map<Pickled, Pickled>([
          [1, matrix],
          ['1', matrix],
        ]),
      ),
    ).toMatch(/two tensors have the name "1"/);
  });

  test('a tuple as the name of a tensor', async () => {
    expect(await zipRefusal(new Map<Pickled, Pickled>([[tuple(1), matrix]]))).toMatch(/texts or numbers as the names/);
  });

  test('a name of a megabyte', async () => {
    expect(await zipRefusal(new Map<Pickled, Pickled>([['x'.repeat(2 ** 20), matrix]]))).toMatch(
      /longer than 1000 characters/,
    );
  });
});
