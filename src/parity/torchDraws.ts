import * as z from 'zod';
import { TorchGenerator } from '../tensor/random.js';
import { elementCount } from '../tensor/shape.js';

/** Draws of `torch.randn` in a row from generators of known seeds. */
export const drawsSchema = z.array(
  z.object({
    /** Decimal, since seeds of up to 64 bits do not fit a JSON number. */
    seed: z.string().regex(/^\d+$/, 'a seed must be a string of decimal digits'),
    draws: z.array(z.object({ name: z.string(), shape: z.array(z.int().nonnegative()) })),
  }),
);

export interface TorchDraw {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The draws one after another, each generator's in the order in which they are listed. */
export function* torchDraws(plans: z.infer<typeof drawsSchema>): Generator<TorchDraw> {
  for (const { seed, draws } of plans) {
    const generator = new TorchGenerator(seed);
    for (const { name, shape } of draws) yield { name, shape, values: generator.randn(elementCount(shape)) };
  }
}
