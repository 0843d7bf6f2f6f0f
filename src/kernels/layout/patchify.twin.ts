import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;
type Patch = { height: number; width: number };

/**
 * Float64 twin of `patchify.wgsl`, latents to tokens: components are (channel, patch row, patch column), or with the channel
 * last.
 */
export function patchify(latents: Values, shape: readonly number[], patch: Patch, channelLast = false): Values {
  const tokens = emptyTokens(shape, patch);
  const component = componentOf(shape, patch, channelLast);
  eachElement(shape, patch, (frame, channel, y, x, token, inPatch) => {
    tokens.set(token, component(channel, inPatch), latents.get(frame, channel, y, x));
  });
  return tokens;
}

/** Float64 twin of `patchify.wgsl`, tokens to latents: components are (patch row, patch column, channel) if the channel is last. */
export function unpatchify(tokens: Values, shape: readonly number[], patch: Patch, channelLast = true): Values {
  const component = componentOf(shape, patch, channelLast);
  const latents = ndarray(new Float64Array(tokens.data.length), [...shape]);
  eachElement(shape, patch, (frame, channel, y, x, token, inPatch) => {
    latents.set(frame, channel, y, x, tokens.get(token, component(channel, inPatch)));
  });
  return latents;
}

function componentOf([, channels]: readonly number[], patch: Patch, channelLast: boolean) {
  const area = patch.height * patch.width;
  return (channel: number, inPatch: number) => (channelLast ? inPatch * channels + channel : channel * area + inPatch);
}

function emptyTokens([frames, channels, height, width]: readonly number[], patch: Patch): Values {
  const components = channels * patch.height * patch.width;
  const count = (frames * channels * height * width) / components;
  return ndarray(new Float64Array(count * components), [count, components]);
}

function eachElement(
  [frames, channels, height, width]: readonly number[],
  patch: Patch,
  visit: (frame: number, channel: number, y: number, x: number, token: number, inPatch: number) => void,
): void {
  const gridHeight = height / patch.height;
  const gridWidth = width / patch.width;
  for (let frame = 0; frame < frames; frame++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const row = Math.floor(y / patch.height);
          const column = Math.floor(x / patch.width);
          const token = (frame * gridHeight + row) * gridWidth + column;
          visit(frame, channel, y, x, token, (y % patch.height) * patch.width + (x % patch.width));
        }
      }
    }
  }
}
