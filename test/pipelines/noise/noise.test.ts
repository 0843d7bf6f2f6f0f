import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { GrowingSafetensors } from '../../../src/node/weights/growingSafetensors.js';
import { seededNoise } from '../../../src/pipelines/noise/noise.js';
import { fileNoise, recordNoise } from '../../../src/pipelines/noise/recordedNoise.js';
import { TorchGenerator } from '../../../src/tensor/random.js';
import { MemorySource } from '../../support/memorySource.js';
import { normal } from '../../support/twins.js';

const frameShape = [2, 2, 4] as const;
const frameSize = 16;

describe('from a seed', () => {
  test('is torch.randn of all frames, then of every draw, however it is asked for', async () => {
    const problems = fc.record({
      seed: fc.integer({ min: 0, max: 1000 }),
      frames: fc.integer({ min: 1, max: 9 }),
      size: fc.constantFrom(16, 48, 12, 5), // two of them no multiple of what torch fills at a time
      perBlock: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(problems, async ({ seed, frames, size, perBlock }) => {
        const torch = new TorchGenerator(seed);
        const noise = seededNoise(seed, frames, size);
        const initial = torch.randn(frames * size);
        for (let frame = 0; frame < frames; frame += perBlock) {
          const count = Math.min(perBlock, frames - frame);
          const expected = initial.slice(frame * size, (frame + count) * size);
          expect(await noise.initial(frame, count)).toEqual(expected);
          expect(await noise.initial(frame, count)).toEqual(expected); // a regeneration starts from the same noise
          const drawn = torch.randn(4 * size);
          expect(await noise.renoise(4, 1, 2)).toEqual(drawn.slice(size, 3 * size));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('from a file', () => {
  const recording = (frames: number, draws: readonly number[]) =>
    new MemorySource({
      noise: { shape: [1, frames, ...frameShape], values: normal(1, frames * frameSize) },
      ...Object.fromEntries(
        draws.map((count, draw) => [
          `renoise.${String(draw).padStart(3, '0')}`,
          { shape: [count, ...frameShape], values: normal(10 + draw, count * frameSize) },
        ]),
      ),
    });

  test('frames and draws are what was recorded; of a draw only the used frames are read', async () => {
    const source = recording(6, [3, 9]);
    const noise = fileNoise(source, frameShape, 6);
    expect(await noise.initial(3, 3)).toEqual(normal(1, 6 * frameSize).slice(3 * frameSize));
    expect(await noise.initial(0, 3)).toEqual(normal(1, 6 * frameSize).slice(0, 3 * frameSize));
    expect(await noise.renoise(3, 0, 3)).toEqual(normal(10, 3 * frameSize));
    expect(await noise.renoise(9, 6, 3)).toEqual(normal(11, 9 * frameSize).slice(6 * frameSize));
    expect(source.reads).toEqual(['noise', 'renoise.000[0, 3]', 'renoise.001[6, 3]']);
  });

  test('a recording that does not fit says what it holds', async () => {
    const open =
      (frames: number, draws = 0) =>
      () =>
        fileNoise(recording(6, [3]), frameShape, frames, draws);
    expect(open(9)).toThrow(/^memory: noise has 6 latent frames, this run needs 9: /);
    expect(open(6, 2)).toThrow(/^memory: this run makes 2 re-noising draws, but there is no renoise\.001: /);
    expect(() => fileNoise(recording(6, []), [2, 4, 4], 6)).toThrow(
      /^memory: noise is F32 \[1, 6, 2, 2, 4\], this run needs floats of \[\.\.\., 2, 4, 4\]: /,
    );
    expect(() => fileNoise(new MemorySource({}), frameShape, 3)).toThrow(
      /^memory: expected a tensor "noise" .*found none/,
    );
    const noise = open(6, 1)();
    await expect(noise.renoise(9, 0, 3)).rejects.toThrow(/renoise\.000 has 3 latent frames, this run draws 9 there: /);
    await expect(noise.renoise(3, 0, 3)).rejects.toThrow(/there is no renoise\.001/);
  });
});

test('what is written down while a rollout runs is read back as the same noise', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokentrim-noise-'));
  try {
    const path = join(folder, 'noise.safetensors');
    const create = () => seededNoise(3, 9, frameSize);
    const file = await GrowingSafetensors.create(path, 8);
    const recorder = await recordNoise(create(), create(), file, { frames: 9, framesPerBlock: 3, frameShape });
    const plain = create();
    const draws: [number, number, number][] = [
      [3, 0, 3],
      [6, 3, 3],
      [9, 6, 3],
    ];
    for (const first of [0, 3, 6]) expect(await recorder.initial(first, 3)).toEqual(await plain.initial(first, 3));
    for (const draw of draws) expect(await recorder.renoise(...draw)).toEqual(await plain.renoise(...draw));
    await file.close();

    const source = await openTensorSource(path);
    expect(source.info('noise').shape).toEqual([1, 9, ...frameShape]);
    expect(source.info('renoise.001').shape).toEqual([6, ...frameShape]); // whole, though half of it was used
    const [read, again] = [fileNoise(source, frameShape, 9), create()];
    for (const first of [0, 3, 6]) expect(await read.initial(first, 3)).toEqual(await again.initial(first, 3));
    for (const draw of draws) expect(await read.renoise(...draw)).toEqual(await again.renoise(...draw));
    await source.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
