import type { Model } from '../../models/wan/model.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import type { Device } from '../../tensor/device.js';
import type { WeightTypes } from '../plan/weightTypes.js';
import { vaeTypeOf } from '../plan/weightTypes.js';
import { encoderOf } from './chooseDecoder.js';
import type { Picture } from './decodeLatents.js';
import { openEncodeStream } from './openVae.js';

/** Latent values along each side of the picture that stands for all others, and patches of one colour along each side. */
const CELLS = 12;
const PATCHES = 4;
/** Latent frames of it past the first, which stands for one picture and is like none of the others. */
const LATER = 2;

/** Of the mean square of a channel: keeps the fit tame where channels follow each other, or hardly vary. */
const RIDGE = 1e-3;

/**
 * A linear map from the channels of a latent value to a colour, fitted by least squares to latents whose pictures are
 * known: good enough to see what a video will show. The mean colour of a patch of pixels is what its latent value becomes.
 */
export class LatentColors {
  /** Sums of products of the channels, 1 and the three colours, over all samples: [channels + 4][channels + 4]. */
  #products: number[][] = [];
  #weights: number[][] | undefined;

  /** Whether anything was learnt. */
  get isFitted(): boolean {
    return this.#products.length > 0;
  }

  /**
   * Learns from a frame and a picture of it.
   * @param latents [channels, height, width]
   */
  learn(latents: ArrayLike<number>, height: number, width: number, { rgba, ...picture }: Picture): void {
    const values = height * width;
    const channels = latents.length / values;
    const size = channels + 4;
    if (!this.isFitted) this.#products = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    const patch = { height: picture.height / height, width: picture.width / width };
    const sample = new Array<number>(size).fill(1);
    for (let place = 0; place < values; place++) {
      for (let channel = 0; channel < channels; channel++) sample[channel] = latents[channel * values + place];
      const [top, left] = [Math.floor(place / width) * patch.height, (place % width) * patch.width];
      for (let color = 0; color < 3; color++) {
        let sum = 0;
        for (let y = top; y < top + patch.height; y++)
          for (let x = left; x < left + patch.width; x++) sum += rgba[4 * (y * picture.width + x) + color];
        sample[channels + 1 + color] = sum / (patch.height * patch.width);
      }
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++) this.#products[row][column] += sample[row] * sample[column];
    }
    this.#weights = undefined;
  }

  /**
   * A frame in its colours, a pixel a latent value.
   * @param latents [channels, height, width]
   */
  picture(latents: ArrayLike<number>, height: number, width: number): Picture {
    this.#weights ??= this.#solved();
    const values = height * width;
    const channels = latents.length / values;
    const rgba = new Uint8Array(4 * values).fill(255);
    for (let place = 0; place < values; place++) {
      for (const [color, weights] of this.#weights.entries()) {
        let value = weights[channels];
        for (let channel = 0; channel < channels; channel++)
          value += weights[channel] * latents[channel * values + place];
        rgba[4 * place + color] = Math.round(Math.min(255, Math.max(0, value)));
      }
    }
    return { width, height, rgba };
  }

  /** For each colour the weights of the channels, and last a constant: ridge regression by the normal equations. */
  #solved(): number[][] {
    const unknowns = this.#products.length - 3;
    const matrix = this.#products.slice(0, unknowns).map((row, index) => {
      const cut = row.slice(0, unknowns);
      if (index < unknowns - 1) cut[index] = cut[index] * (1 + RIDGE) + Number.EPSILON;
      return cut;
    });
    return [0, 1, 2].map((color) =>
      solve(
        matrix,
        this.#products.slice(0, unknowns).map((row) => row[unknowns + color]),
      ),
    );
  }
}

/**
 * The map for a VAE whose pictures of the video come too late to learn from: a picture of patches that stands still is
 * encoded. The encoder is loaded for this and freed after.
 */
export async function fitLatentColors(device: Device, model: Model, types: WeightTypes): Promise<LatentColors> {
  const coder = encoderOf(model);
  const { spatial, temporal } = vaeFactors(model.config.vae);
  const size = CELLS * spatial;
  const pixels = patchwork(size);
  const rgba = new Uint8Array(4 * size * size).fill(255);
  for (let pixel = 0; pixel < size * size; pixel++)
    for (let color = 0; color < 3; color++)
      rgba[4 * pixel + color] = Math.round(255 * ((pixels[3 * pixel + color] + 1) / 2));
  const colors = new LatentColors();
  const stream = await openEncodeStream(device, model, { coder, type: vaeTypeOf(types, coder) });
  try {
    for (let frame = 0; frame <= LATER; frame++) {
      const still = Array.from({ length: frame === 0 ? 1 : temporal }, () => pixels);
      const shown = device.upload(Float32Array.from(still.flatMap((each) => [...each])), [still.length, size, size, 3]);
      const encoded = stream.encode(shown); // [1, channels, CELLS, CELLS]
      const latents = await device.read(encoded);
      shown.dispose();
      encoded.dispose();
      if (frame > 0) colors.learn(latents, CELLS, CELLS, { width: size, height: size, rgba });
    }
    return colors;
  } finally {
    stream.dispose();
  }
}

/** [size, size, 3] in -1 ... 1: patches of one colour each, in which the three vary apart. */
function patchwork(size: number): Float32Array {
  const pixels = new Float32Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [row, column] = [y, x].map((place) => Math.floor((place * PATCHES) / size));
      for (let color = 0; color < 3; color++)
        pixels[(y * size + x) * 3 + color] = ((5 * row + 11 * column + color * (7 + 3 * row * column)) % 13) / 6 - 1;
    }
  }
  return pixels;
}

/** Solves a symmetric, positive definite system by elimination. */
function solve(matrix: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const system = matrix.map((row, index) => [...row, targets[index]]);
  const size = system.length;
  for (let pivot = 0; pivot < size; pivot++) {
    for (let row = pivot + 1; row < size; row++) {
      const factor = system[row][pivot] / system[pivot][pivot];
      for (let column = pivot; column <= size; column++) system[row][column] -= factor * system[pivot][column];
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    const known = solution.reduce((sum, value, column) => sum + (column > row ? system[row][column] * value : 0), 0);
    solution[row] = (system[row][size] - known) / system[row][row];
  }
  return solution;
}
