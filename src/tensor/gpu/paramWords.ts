import type { Param } from '../device.js';

/** The words of a `Params` uniform, padded as uniforms are. */
export function paramWords(params: readonly Param[]): Uint32Array {
  const words = new Uint32Array(Math.max(4, Math.ceil(params.length / 4) * 4));
  const floats = new Float32Array(words.buffer);
  params.forEach(({ type, value }, index) => {
    if (type === 'u32') words[index] = value;
    else floats[index] = value;
  });
  return words;
}
