import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReferenceDevice } from '../../src/tensor/referenceDevice.js';
import { float32ToBfloat16, float32ToHalf } from '../../src/tensor/sixteenBit.js';
import { type LatentsRequest, readLatents } from '../../src/trace/readLatents.js';
import { type LatentsTraceOptions, traceLatents } from '../../src/trace/traceLatents.js';
import { Trace } from '../../src/trace/traceReader.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';
import { memorySource } from '../weights/memorySource.js';
import { MemoryTrace } from './memoryTrace.js';

/** Latents at a frame, channel, row and column. */
type Field = (frame: number, channel: number, y: number, x: number) => number;

interface Layout {
  readonly isChannelsFirst?: boolean;
  readonly hasBatch?: boolean;
  readonly dtype?: 'F32' | 'F16' | 'BF16';
}

/** A file with one tensor in some layout. */
function fileOf(
  field: Field,
  frames: number,
  [channels, height, width]: readonly [number, number, number],
  layout: Layout = {},
) {
  const { isChannelsFirst = false, hasBatch = false, dtype = 'F32' } = layout;
  const leading = isChannelsFirst ? [channels, frames] : [frames, channels];
  const values = new Float32Array(frames * channels * height * width);
  let index = 0;
  for (let first = 0; first < leading[0]; first++)
    for (let second = 0; second < leading[1]; second++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          values[index++] = isChannelsFirst ? field(second, first, y, x) : field(first, second, y, x);
  const stored = dtype === 'F32' ? values : dtype === 'F16' ? float32ToHalf(values) : float32ToBfloat16(values);
  const shape = [...(hasBatch ? [1] : []), ...leading, height, width];
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  return { ...memorySource([['latents', shape]], dtype), label: 'video.pt', read: async () => bytes } as TensorSource;
}

async function traced(source: TensorSource, request: LatentsRequest = {}, options: Partial<LatentsTraceOptions> = {}) {
  const sink = new MemoryTrace();
  const device = new ReferenceDevice();
  const reviews = await traceLatents(device, await readLatents(source, request), sink, {
    title: 'video.pt',
    ...options,
  });
  expect(device.memory.liveStorages).toBe(0);
  return { sink, reviews };
}

const shape = [16, 4, 6] as const; // 2 x 3 tokens of 64 components
/** All components of all tokens move by `steps[block]`. */
const moving =
  (...levels: readonly number[]): Field =>
  (frame) =>
    levels[Math.floor(frame / 3)];

test('a move that is known gives its severity, mean, deviation and threshold', async () => {
  // A token whose 64 components all move by m drifts by 8 m.
  const levels = [0, 1, 3, 4, 4.5, 9.5];
  const { sink, reviews } = await traced(fileOf(moving(...levels), 18, shape));
  expect(reviews.map(({ severity }) => severity)).toEqual([null, 8, 16, 8, 4, 40]);
  expect(reviews.map(({ mean }) => mean)).toEqual([null, null, 8, 12, 32 / 3, 9]);
  expect(reviews[4].std).toBeCloseTo(Math.sqrt((2 * (8 / 3) ** 2 + (16 / 3) ** 2) / 3), 9);
  expect(reviews[5].threshold).toBeCloseTo(9 + 2 * Math.sqrt((1 + 49 + 1 + 25) / 4), 9);
  expect(reviews.every(({ pruned, attempt }) => pruned === null && attempt === 0)).toBe(true);
  expect(sink.events.map(({ kind }) => kind).join(' ')).toBe(`begin${' review block'.repeat(6)}`);
  expect(sink.of('begin')[0]).toMatchObject({
    plan: null,
    video: { method: 'latents', title: 'video.pt', grid: { height: 2, width: 3 }, blocks: 6, framesPerBlock: 3 },
  });
  expect(sink.of('block').map(({ firstFrame, frames }) => [firstFrame, frames])).toEqual(
    [0, 3, 6, 9, 12, 15].map((first) => [first, 3]),
  );
  const trace = new Trace();
  for (const event of sink.events) trace.take(event);
  expect(trace.blocks).toHaveLength(6);
});

test('the token that moved is the unstable one, and the map says how far', async () => {
  // Row 1, column 2 is token 5; its lower right latent pixel moves by 2 in every channel: sqrt(16) * 2.
  const field: Field = (frame, _, y, x) => (frame >= 3 && y === 3 && x === 5 ? 2 : 0);
  const { sink, reviews } = await traced(fileOf(field, 6, shape));
  expect(reviews[1]).toMatchObject({
    severity: 8,
    unstable: [5],
    drift: { file: 'drift/0001.0.safetensors', name: 'drift' },
  });
  const [drift] = sink.files.get('drift/0001.0.safetensors') ?? [];
  expect(drift).toEqual({ name: 'drift', shape: [2, 3], dtype: 'f16', values: Float32Array.of(0, 0, 0, 0, 0, 8) });
  expect(reviews[0].drift).toBeNull();
  const whole = await traced(fileOf(field, 6, shape), {}, { patch: { height: 1, width: 1 } });
  expect(whole.reviews[1].unstable).toEqual([0, 1, 23]); // three of 24; of those that did not move, the first
});

test('the same video in any layout gives the same trace', async () => {
  const problem = fc.record({
    frames: fc.integer({ min: 6, max: 15 }),
    height: fc.integer({ min: 1, max: 3 }),
    width: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer({ min: 1, max: 1000 }),
    isChannelsFirst: fc.boolean(),
    hasBatch: fc.boolean(),
    dtype: fc.constantFrom('F32' as const, 'F16' as const, 'BF16' as const),
  });
  await fc.assert(
    fc.asyncProperty(problem, async ({ frames, height, width, seed, ...layout }) => {
      // Eighths below 4 are exact in every type.
      const field: Field = (frame, channel, y, x) =>
        ((seed * (1 + frame) * 31 + channel * 17 + y * 7 + x * 3) % 32) / 8;
      const sizes = [16, 2 * height, 2 * width] as const;
      const plain = await traced(fileOf(field, frames, sizes));
      const other = await traced(fileOf(field, frames, sizes, layout));
      const timeless = (reviews: typeof plain.reviews) => reviews.map(({ at, ...review }) => review);
      expect(timeless(other.reviews)).toEqual(timeless(plain.reviews));
      expect(other.reviews).toHaveLength(Math.floor(frames / 3));
      expect(other.sink.of('note')).toHaveLength(frames % 3 === 0 ? 0 : 1);
    }),
    { numRuns: 40 },
  );
});

describe('what cannot be told is asked', () => {
  const zero: Field = () => 0;
  const refusal = (source: TensorSource, request?: LatentsRequest, options?: Partial<LatentsTraceOptions>) =>
    expect(traced(source, request, options)).rejects;

  test('sixteen frames of sixteen channels', async () => {
    const square = fileOf(moving(0, 1, 2, 3, 4, 5), 16, shape, { isChannelsFirst: true });
    await refusal(square).toThrow('16 frames and 16 channels, and does not show which come first. Say so with `order`');
    const { reviews } = await traced(square, { order: 'channels-first' });
    expect(reviews[1].severity).toBe(8);
    const own = { ...square, metadata: new Map([['writer', 'tokentrim']]) };
    expect((await readLatents(own)).block(0, 1)).toEqual(
      (await readLatents(square, { order: 'frames-first' })).block(0, 1),
    );
  });

  test('channels of another number', async () => {
    const four = fileOf(zero, 9, [4, 4, 6]);
    await refusal(four).toThrow(
      'neither of the axes before height and width has 16 channels, found 9 and 4. Say how many',
    );
    expect((await traced(four, { channels: 4 })).reviews).toHaveLength(3);
    expect((await traced(four, { order: 'frames-first' })).reviews).toHaveLength(3);
    await refusal(four, { channels: 9, order: 'frames-first' }).toThrow('`channels` says 9, and frames-first it has 4');
  });

  test('which tensor', async () => {
    const several = memorySource([
      ['one', [6, 16, 2, 2]],
      ['two', [1, 16, 6, 2, 2]],
      ['bias', [16]],
    ]);
    await expect(readLatents(several)).rejects.toThrow(
      '2 tensors could be latents: "one", "two". Say which with `tensor`',
    );
    await expect(readLatents(several, { tensor: 'three' })).rejects.toThrow(
      'there is no tensor "three"; it has "one", "two", "bias"',
    );
    await expect(readLatents(several, { tensor: 'bias' })).rejects.toThrow(
      'latents have 4 axes, or 5 with a batch, found 1',
    );
    await expect(readLatents(memorySource([['bias', [16]]]))).rejects.toThrow('found none among "bias" [16]');
    await expect(readLatents(memorySource([['ids', [6, 16, 2, 2]]], 'I64'), { tensor: 'ids' })).rejects.toThrow(
      'latents are floats, found I64',
    );
    await expect(readLatents(memorySource([['two', [2, 16, 6, 2, 2]]]))).rejects.toThrow(
      'a batch of one video, found 2',
    );
  });

  test('what makes no blocks, no tokens or no numbers', async () => {
    await refusal(fileOf(zero, 5, shape)).toThrow(
      'drift is between blocks, and 3 frames each make 1. Use a smaller `framesPerBlock`',
    );
    expect((await traced(fileOf(zero, 5, shape), {}, { framesPerBlock: 1 })).reviews).toHaveLength(5);
    await refusal(fileOf(zero, 6, [16, 3, 6])).toThrow('do not split into patches of 2x2');
    await refusal(fileOf((frame) => (frame === 4 ? Number.NaN : 0), 6, shape)).toThrow(
      'NaN or infinity in block 1, among frames 3 to 5',
    );
  });
});
