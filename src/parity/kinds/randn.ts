import { z } from 'zod';
import { TorchGenerator } from '../../tensor/random.js';
import { elementCount } from '../../tensor/shape.js';
import { parseConfig } from '../../weights/config.js';
import type { ParityInput, ParityOutput } from './input.js';

const schema = z.object({
  plans: z.array(
    z.object({
      /** Decimal, since seeds of up to 64 bits do not fit a JSON number. */
      seed: z.string().regex(/^\d+$/, 'a seed must be a string of decimal digits'),
      draws: z.array(z.object({ name: z.string(), shape: z.array(z.int().nonnegative()) })),
    }),
  ),
});

/** Parity kind `torch-randn`: several draws in a row from one generator. */
export async function* torchRandn({ config }: ParityInput): AsyncGenerator<ParityOutput> {
  for (const { seed, draws } of parseConfig(schema, config, 'torch-randn').plans) {
    const generator = new TorchGenerator(seed);
    for (const { name, shape } of draws) yield { name, actual: generator.randn(elementCount(shape)), shape };
  }
}
