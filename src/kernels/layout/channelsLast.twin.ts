import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `channelsLast.wgsl`: latents [any, channels, height, width], mean and std [channels]. */
export function channelsLast(latents: Values, mean: Values, std: Values, firstFrame: number, frames: number): Values {
  const [, channels, height, width] = latents.shape;
  const area = height * width;
  const y = new Float64Array(frames * area * channels);
  for (let frame = 0; frame < frames; frame++) {
    for (let channel = 0; channel < channels; channel++) {
      const plane = ((firstFrame + frame) * channels + channel) * area;
      for (let pixel = 0; pixel < area; pixel++) {
        const value = latents.data[plane + pixel] * std.data[channel] + mean.data[channel];
        y[(frame * area + pixel) * channels + channel] = value;
      }
    }
  }
  return ndarray(y, [frames, height, width, channels]);
}
