import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** The width is that of the pictures in pixels; their height is a multiple of the patch. */
export interface PatchOrder {
  readonly width: number;
  readonly channels: number;
  readonly patch: number;
  readonly intoPatches: boolean;
  readonly scale: number;
  readonly offset: number;
}

/** Float64 twin of `patchPixels.wgsl`: pixel by pixel, in one direction or the other. */
export function patchPixels(x: Values, shape: readonly number[], order: PatchOrder): Values {
  const { width, channels, patch, intoPatches, scale, offset } = order;
  const y = new Float64Array(x.data.length);
  for (let pixel = 0; pixel < y.length / channels; pixel++) {
    const [row, column] = [Math.floor(pixel / width), pixel % width]; // rows of all pictures
    const place = Math.floor(row / patch) * (width / patch) + Math.floor(column / patch);
    for (let channel = 0; channel < channels; channel++) {
      const inPatch = (channel * patch + (row % patch)) * patch + (column % patch);
      const patched = place * channels * patch * patch + inPatch;
      const plain = pixel * channels + channel;
      const [to, from] = intoPatches ? [patched, plain] : [plain, patched];
      y[to] = x.data[from] * scale + offset;
    }
  }
  return ndarray(y, [...shape]);
}
