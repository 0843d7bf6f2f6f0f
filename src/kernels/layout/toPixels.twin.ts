import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `toPixels.wgsl`: x [frames, height, width, 3] to words of bytes r, g, b, 255; 0 where x is not finite. */
export function toPixels(x: Values): NdArray<Uint32Array> {
  const [frames, height, width] = x.shape;
  const y = new Uint32Array(frames * height * width);
  const byteAt = (index: number) => {
    const unit = clamp(clamp(x.data[index], -1, 1) * 0.5 + 0.5, 0, 1);
    return Math.trunc(unit * 255);
  };
  for (let pixel = 0; pixel < y.length; pixel++) {
    const first = pixel * 3;
    if (![0, 1, 2].every((channel) => Number.isFinite(x.data[first + channel]))) continue; // 0, its last byte too
    y[pixel] = byteAt(first) | (byteAt(first + 1) << 8) | (byteAt(first + 2) << 16) | (255 << 24);
  }
  return ndarray(y, [frames, height, width]);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
