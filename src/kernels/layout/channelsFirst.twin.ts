import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `channelsFirst.wgsl`: moments [frames, height, width, 2 * channels], mean and std [channels]. */
export function channelsFirst(moments: Values, mean: Values, std: Values): Values {
  const [frames, height, width] = moments.shape;
  const [channels] = mean.shape;
  const area = height * width;
  const y = new Float64Array(frames * channels * area);
  for (let frame = 0; frame < frames; frame++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++) {
        const moment = moments.data[(frame * area + pixel) * 2 * channels + channel];
        y[(frame * channels + channel) * area + pixel] = (moment - mean.data[channel]) / std.data[channel];
      }
    }
  }
  return ndarray(y, [frames, channels, height, width]);
}
