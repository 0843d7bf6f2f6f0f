import ndarray, { type NdArray } from 'ndarray';
import { patchify } from '../layout/patchify.twin.js';

type Values = NdArray<Float64Array>;

/** Float64 twin of `tokenSummary.wgsl`: the mean over frames of latents [frames, channels, height, width] as tokens. */
export function tokenSummary(latents: Values, patch: { height: number; width: number }): Values {
  const [frames] = latents.shape;
  const tokens = patchify(latents, latents.shape, patch); // [frames * tokens of a frame, components]
  const [count, components] = [tokens.shape[0] / frames, tokens.shape[1]];
  const z = ndarray(new Float64Array(count * components), [count, components]);
  for (let frame = 0; frame < frames; frame++) {
    for (let token = 0; token < count; token++) {
      for (let i = 0; i < components; i++) {
        z.set(token, i, z.get(token, i) + tokens.get(frame * count + token, i) / frames);
      }
    }
  }
  return z;
}

/** Float64 twin of `tokenDrift.wgsl`: Euclidean distance between the rows of two [tokens, components] matrices. */
export function tokenDrift(current: Values, previous: Values): Values {
  const [tokens, components] = current.shape;
  const drift = new Float64Array(tokens);
  for (let token = 0; token < tokens; token++) {
    let squares = 0;
    for (let i = 0; i < components; i++) squares += (current.get(token, i) - previous.get(token, i)) ** 2;
    drift[token] = Math.sqrt(squares);
  }
  return ndarray(drift, [tokens]);
}
