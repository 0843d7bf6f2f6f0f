import { mersenne, mersenneFromState } from 'pure-rand/generator/mersenne';
import * as z from 'zod';
import { ensure, TokenTrimError } from '../errors.js';

/** Values that torch's vectorised kernel makes at a time: eight radii and eight angles. */
const GROUP = 16;
const HALF = GROUP / 2;
const TWO_PI = Math.fround(2 * Math.PI);

/** Where a generator is: plain data. */
export interface GeneratorState {
  /** The place in the words of MT19937, and its 624 words. */
  readonly bits: readonly number[];
  readonly kept: number | null;
}

const WORDS = 624;

/** @internal */
export const generatorSchema: z.ZodType<GeneratorState> = z.strictObject({
  bits: z
    .array(z.int32())
    .length(1 + WORDS)
    .refine(([place]) => place >= 0 && place < WORDS),
  kept: z.number().nullable(),
});

/**
 * Normal numbers as PyTorch's CPU generator draws them in float32 (`torch.manual_seed`, then `torch.randn`), to within
 * the rounding of its float32 logarithm and cosine. GPU generators differ: seeds do not carry over from CUDA.
 * Source: pytorch/pytorch aten/src/ATen/native/cpu/DistributionTemplates.h normal_fill, core/DistributionsHelper.h
 * normal_distribution, core/MT19937RNGEngine.h.
 */
export class TorchGenerator {
  #bits: ReturnType<typeof mersenne>;
  /** Small draws come in pairs; the second one waits here for the next small draw, past any number of large ones. */
  #kept: number | undefined;

  /** @param seed only its low 32 bits count, as in torch; a string is read as a decimal number */
  constructor(seed: bigint | number | string) {
    this.#bits = mersenne(Number(BigInt.asIntN(32, parseSeed(seed))));
  }

  /** `torch.randn(count)`: the next `count` standard normal numbers. Counts that are not multiples of 16 cost 16 more. */
  randn(count: number): Float32Array {
    ensure(
      Number.isSafeInteger(count) && count >= 0,
      `randn: expected a count of 0 or more, found ${count}: pass the number of elements of the noise`,
    );
    if (count < GROUP) return Float32Array.from({ length: count }, () => this.#normal());
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) values[index] = this.#uniform();
    for (let start = 0; start + GROUP <= count; start += GROUP) toNormal(values, start);
    if (count % GROUP !== 0) {
      // The rest cannot be a group of its own, so torch draws the last 16 again, over part of the group before.
      const start = count - GROUP;
      for (let index = start; index < count; index++) values[index] = this.#uniform();
      toNormal(values, start);
    }
    return values;
  }

  /**
   * Leaves the generator where `randn(count)` would, without making the numbers. As long as counts are multiples of 16,
   * several draws in a row are the same as one large draw, so the noise of a long video can be made block by block.
   */
  skipNormals(count: number): void {
    ensure(
      Number.isSafeInteger(count) && count >= 0 && count % GROUP === 0,
      `skipNormals: expected a multiple of ${GROUP}, found ${count}: only whole groups can be skipped`,
    );
    for (let index = 0; index < count; index++) this.#bits.next();
  }

  /** Where it is, for `from`. */
  save(): GeneratorState {
    return { bits: this.#bits.getState().map((word) => word | 0), kept: this.#kept ?? null };
  }

  /** A generator that draws what the one that was saved would have drawn. */
  static from({ bits, kept }: GeneratorState): TorchGenerator {
    const generator = new TorchGenerator(0);
    generator.#bits = mersenneFromState(bits) as ReturnType<typeof mersenne>;
    generator.#kept = kept ?? undefined;
    return generator;
  }

  /** A second generator that will draw the same numbers from here on. */
  clone(): TorchGenerator {
    const copy = new TorchGenerator(0);
    copy.#bits = this.#bits.clone() as ReturnType<typeof mersenne>;
    copy.#kept = this.#kept;
    return copy;
  }

  /** 24 random bits as a float32 in [0, 1). */
  #uniform(): number {
    return (this.#bits.next() & 0xffffff) / 2 ** 24;
  }

  /** 53 random bits in [0, 1): the first of two 32-bit draws is the high half. */
  #uniform53(): number {
    const high = this.#bits.next() & 0x1fffff;
    const low = this.#bits.next() >>> 0;
    return (high * 2 ** 32 + low) / 2 ** 53;
  }

  /** One normal number in float64, by Box and Muller. */
  #normal(): number {
    if (this.#kept !== undefined) {
      const kept = this.#kept;
      this.#kept = undefined;
      return kept;
    }
    const angle = 2 * Math.PI * this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()));
    this.#kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Turns 16 uniform numbers into normal ones in place; every step is rounded to float32 where torch rounds. */
function toNormal(values: Float32Array, start: number): void {
  for (let index = start; index < start + HALF; index++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(1 - values[index])))));
    const angle = Math.fround(TWO_PI * values[index + HALF]);
    values[index] = radius * Math.fround(Math.cos(angle));
    values[index + HALF] = radius * Math.fround(Math.sin(angle));
  }
}

/** @throws TokenTrimError where a seed is no whole number, or text of one */
export function checkSeed(seed: bigint | number | string): void {
  parseSeed(seed);
}

/** Digits of a seed, of which the low 32 bits count: longer ones take time with the square of their length. */
const MAX_DIGITS = 1000;

function parseSeed(seed: bigint | number | string): bigint {
  if (typeof seed === 'string' && seed.length > MAX_DIGITS) {
    throw new TokenTrimError(
      `seed: expected a whole number of ${MAX_DIGITS} digits at most, found ${seed.length}: pass \`seed\` 0`,
    );
  }
  try {
    return BigInt(seed);
  } catch (cause) {
    throw new TokenTrimError(`seed: expected a whole number, found ${JSON.stringify(String(seed))}: pass \`seed\` 0`, {
      cause,
    });
  }
}
