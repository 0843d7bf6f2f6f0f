import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/**
 * Float64 twin of `causalConv3d.wgsl`, `causalConv3d.subgroup.wgsl`, `causalConv3d.tiled.wgsl` and `causalConv3d.matrix.wgsl`:
 * x [frames, height, width, in], history two frames [1, height, width, in], weight [out, 3, kernel, kernel, in], bias [out].
 */
export function causalConv3d(
  x: Values,
  history: readonly [older: Values, newer: Values],
  weight: Values,
  bias: Values,
): Values {
  const [frames, height, width, inChannels] = x.shape;
  const [outChannels, kernelT, kernel] = weight.shape;
  const pad = (kernel - 1) / 2;
  const y = filled(frames * height * width, bias);
  for (let frame = 0; frame < frames; frame++) {
    for (let kt = 0; kt < kernelT; kt++) {
      const source = frame + kt - history.length;
      const input = source < 0 ? history[frame + kt].data : x.data;
      const sourceFrame = Math.max(source, 0);
      for (let ky = 0; ky < kernel; ky++) {
        for (let kx = 0; kx < kernel; kx++) {
          const tap = (kt * kernel + ky) * kernel + kx;
          for (let row = Math.max(0, pad - ky); row < Math.min(height, height + pad - ky); row++) {
            for (let column = Math.max(0, pad - kx); column < Math.min(width, width + pad - kx); column++) {
              const pixel = (sourceFrame * height + row + ky - pad) * width + column + kx - pad;
              const start = ((frame * height + row) * width + column) * outChannels;
              accumulate(y, start, outChannels, input, pixel * inChannels, inChannels, weight, tap);
            }
          }
        }
      }
    }
  }
  return ndarray(y, [frames, height, width, outChannels]);
}

/**
 * Float64 twin of `conv2d.wgsl`, `conv2d.subgroup.wgsl`, `conv2d.tiled.wgsl` and `conv2d.matrix.wgsl`: x [frames, height,
 * width, parts * in], weight [out, 3, 3, in], bias [out]; part p of frame t is picture t * parts + p, enlarged `scale` times by repeating
 * pixels, then convolved with one pixel of zeros around it, or with a padding of 0 on the right and at the bottom only.
 */
export function conv2d(
  x: Values,
  weight: Values,
  bias: Values,
  { scale, stride, padding }: { scale: number; stride: number; padding: number },
): Values {
  const [outChannels, kernel, , inChannels] = weight.shape;
  const parts = x.shape[3] / inChannels;
  const frames = x.shape[0] * parts;
  const [height, width] = [x.shape[1], x.shape[2]].map((size) => Math.floor((size * scale) / stride));
  const y = filled(frames * height * width, bias);
  for (let frame = 0; frame < frames; frame++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const sourceRow = Math.floor((row * stride + ky - padding) / scale);
            const sourceColumn = Math.floor((column * stride + kx - padding) / scale);
            if (sourceRow < 0 || sourceRow >= x.shape[1] || sourceColumn < 0 || sourceColumn >= x.shape[2]) continue;
            const pixel = (Math.floor(frame / parts) * x.shape[1] + sourceRow) * x.shape[2] + sourceColumn;
            const input = (pixel * parts + (frame % parts)) * inChannels;
            const start = ((frame * height + row) * width + column) * outChannels;
            accumulate(y, start, outChannels, x.data, input, inChannels, weight, ky * kernel + kx);
          }
        }
      }
    }
  }
  return ndarray(y, [frames, height, width, outChannels]);
}

/** One pixel of output begins as the bias. */
function filled(pixels: number, bias: Values): Float64Array {
  const y = new Float64Array(pixels * bias.data.length);
  for (let pixel = 0; pixel < pixels; pixel++) y.set(bias.data, pixel * bias.data.length);
  return y;
}

/** y[start + o] += sum_c weight[o][tap][c] * input[from + c], for every output channel o. */
function accumulate(
  y: Float64Array,
  start: number,
  outChannels: number,
  input: Float64Array,
  from: number,
  inChannels: number,
  weight: Values,
  tap: number,
): void {
  const { data } = weight;
  const depth = data.length / outChannels;
  for (let out = 0; out < outChannels; out++) {
    const first = out * depth + tap * inChannels;
    let sum = 0;
    for (let c = 0; c < inChannels; c++) sum += data[first + c] * input[from + c];
    y[start + out] += sum;
  }
}
