import type { Model } from '../../models/wan/model.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import type { Device } from '../../tensor/device.js';
import type { WeightTypes } from '../plan/weightTypes.js';
import { vaeTypeOf } from '../plan/weightTypes.js';
import { encoderOf } from './chooseDecoder.js';
import type { Picture } from './decodeLatents.js';
import { openEncodeStream } from './openVae.js';

/** A linear map from the channels of a latent value to a colour: good enough to see what a video will show. */
export interface LatentColors {
  /** @param latents [channels, height, width] of one frame */
  picture(latents: ArrayLike<number>, height: number, width: number): Picture;
}

/** Latent values along each side of the picture that the map is fitted to, and colours along each side of that. */
const CELLS = 12;
const KNOTS = 5;

/** Of the mean square of a channel: keeps the fit tame where channels follow each other. */
const RIDGE = 1e-3;

/**
 * Fits the map to the VAE at hand, by least squares: a picture of smooth colours is encoded, and the mean colour of each
 * patch of pixels is what its latent value should become. The encoder is loaded for this and freed after.
 */
export async function fitLatentColors(device: Device, model: Model, types: WeightTypes): Promise<LatentColors> {
  const coder = encoderOf(model);
  const { spatial } = vaeFactors(model.config.vae);
  const size = CELLS * spatial;
  const pixels = smoothColors(size);
  const stream = await openEncodeStream(device, model, { coder, type: vaeTypeOf(types, coder) });
  try {
    const shown = device.upload(pixels, [1, size, size, 3]);
    const encoded = stream.encode(shown); // [1, channels, CELLS, CELLS]
    const latents = await device.read(encoded);
    shown.dispose();
    encoded.dispose();
    return mapOf(ridge(latents, cellMeans(pixels, size, spatial)));
  } finally {
    stream.dispose();
  }
}

/** [size, size, 3] in -1 ... 1: colours of a coarse grid, each channel its own, and a straight line between neighbours. */
function smoothColors(size: number): Float32Array {
  const pixels = new Float32Array(size * size * 3);
  const knot = (y: number, x: number, channel: number) =>
    ((7 * y * y + 11 * x + 5 * x * y + 13 * channel * (x + 2 * y + 1)) % 17) / 8 - 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [v, u] = [y, x].map((place) => (place / size) * (KNOTS - 1));
      const [top, left] = [Math.floor(v), Math.floor(u)];
      const [down, right] = [v - top, u - left];
      for (let channel = 0; channel < 3; channel++) {
        const upper = knot(top, left, channel) * (1 - right) + knot(top, left + 1, channel) * right;
        const lower = knot(top + 1, left, channel) * (1 - right) + knot(top + 1, left + 1, channel) * right;
        pixels[(y * size + x) * 3 + channel] = upper * (1 - down) + lower * down;
      }
    }
  }
  return pixels;
}

/** The mean colour of each patch of `spatial` x `spatial` pixels, [CELLS * CELLS][3]. */
function cellMeans(pixels: Float32Array, size: number, spatial: number): number[][] {
  return Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const [top, left] = [Math.floor(cell / CELLS) * spatial, (cell % CELLS) * spatial];
    const sum = [0, 0, 0];
    for (let y = top; y < top + spatial; y++)
      for (let x = left; x < left + spatial; x++)
        for (let channel = 0; channel < 3; channel++) sum[channel] += pixels[(y * size + x) * 3 + channel];
    return sum.map((value) => value / spatial ** 2);
  });
}

/** For each colour the weights of the channels, and last a constant: ridge regression by the normal equations. */
function ridge(latents: ArrayLike<number>, colors: readonly (readonly number[])[]): number[][] {
  const cells = colors.length;
  const channels = latents.length / cells;
  const rows = colors.map((_, cell) =>
    Array.from({ length: channels + 1 }, (_, channel) => (channel === channels ? 1 : latents[channel * cells + cell])),
  );
  const unknowns = channels + 1;
  const products = (left: (row: number) => number, right: (row: number) => number) =>
    rows.reduce((sum, _, row) => sum + left(row) * right(row), 0);
  const matrix = Array.from({ length: unknowns }, (_, i) =>
    Array.from({ length: unknowns }, (_, j) => {
      const product = products(
        (row) => rows[row][i],
        (row) => rows[row][j],
      );
      return i === j && i < channels ? product * (1 + RIDGE) : product;
    }),
  );
  return [0, 1, 2].map((color) => {
    const targets = matrix.map((_, i) =>
      products(
        (row) => rows[row][i],
        (row) => colors[row][color],
      ),
    );
    return solve(matrix, targets);
  });
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

function mapOf(weights: readonly (readonly number[])[]): LatentColors {
  return {
    picture(latents, height, width) {
      const values = height * width;
      const channels = weights[0].length - 1;
      const rgba = new Uint8Array(4 * values).fill(255);
      for (let place = 0; place < values; place++) {
        for (let color = 0; color < 3; color++) {
          let value = weights[color][channels];
          for (let channel = 0; channel < channels; channel++)
            value += weights[color][channel] * latents[channel * values + place];
          rgba[4 * place + color] = Math.round(255 * Math.min(1, Math.max(0, (value + 1) / 2)));
        }
      }
      return { width, height, rgba };
    },
  };
}
