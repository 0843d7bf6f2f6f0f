import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Form, subgroupSize } from '../../src/kernels/forms/form.js';
import { openDevice } from '../../src/node/openDevice.js';
import { device } from './device.js';
import type { FloatType } from './packed.js';
import { expectTwin, type Problem, run, sizes } from './twins.js';

/** What the problems of both convolutions have. */
interface Channels {
  readonly inChannels: number;
  readonly outChannels: number;
}

/** Types of weights and inputs: pairs rather than all combinations, since each compiles anew, a second on lavapipe. */
const typePairs = fc.constantFrom<{ dtype: FloatType; inputType: FloatType }[]>(
  { dtype: 'f32', inputType: 'f32' },
  { dtype: 'bf16', inputType: 'f16' },
  { dtype: 'f16', inputType: 'bf16' },
);

/** Channels that the subgroup form handles: multiples of 4. */
const inFours = fc.record({
  inChannels: sizes(3).map((size) => 4 * size),
  outChannels: sizes(10).map((size) => 4 * size),
});

/** Those of the tiled form: input channels in fours, more than one step of 16 at times, and any output channels. */
const forTiles = fc.record({ inChannels: sizes(6).map((size) => 4 * size), outChannels: sizes(70) });

export type Typed<Size> = Size & Channels & { readonly dtype: FloatType; readonly inputType: FloatType };

/** The forms of a convolution that the adapter has, each with problems that it handles. */
export function formsOf<Size>(
  sizesOf: fc.Arbitrary<Size>,
  channels: fc.Arbitrary<Channels>,
): [Form, fc.Arbitrary<Typed<Size>>][] {
  const problems = (some: fc.Arbitrary<Channels>) =>
    fc.tuple(sizesOf, some, typePairs).map(([size, found, types]) => ({ ...size, ...found, ...types }));
  const forms: [Form, fc.Arbitrary<Typed<Size>>][] = [['plain', problems(channels)]];
  if (subgroupSize(device) > 0) forms.push(['subgroup', problems(inFours)]);
  forms.push(['tiled', problems(forTiles)]);
  return forms;
}

/** What holds for every form of a convolution. `widened` gives a problem's 16-bit values as f32. */
export function testForm<Drawn>(problems: fc.Arbitrary<Drawn>, problem: (drawn: Drawn, widened?: boolean) => Problem) {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn))),
      { numRuns: 150 },
    );
  });

  test('reads packed 16-bit inputs and weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn))).toEqual(await run(problem(drawn, true)));
      }),
      { numRuns: 30 },
    );
  });
}

/** Launches of a problem whose output takes more than 128 KiB, and all else less: pieces end within pictures and tiles. */
export async function expectPieces(problem: Problem): Promise<void> {
  const maxBindingBytes = 2 ** 17;
  const whole = await run(problem);
  expect(4 * whole.length).toBeGreaterThan(maxBindingBytes);
  const small = await openDevice({ maxBindingBytes });
  try {
    expect(await run(problem, small)).toEqual(whole);
  } finally {
    small.close();
  }
}
