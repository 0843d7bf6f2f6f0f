/**
 * A block in names of a trace's files. Given blocks share a number: `place`, the first latent frame or picture, tells them
 * apart.
 */
export function blockName(block: number, place: number): string {
  return block < 0 ? `given.${place}` : String(block).padStart(4, '0');
}

/** Where what FlowMo measured at a call lies, before and after it. */
export const motionFile = (block: number, attempt: number, step: number): string =>
  `motion/${blockName(block, 0)}.${attempt}.${step}.safetensors`;

/** Where what tokens attended to at a call lies; `index` tells several askings apart. */
export const attentionRef = (block: number, attempt: number, step: number, index: number) => ({
  file: `attention/${blockName(block, 0)}.${attempt}.${step}.${index}.safetensors`,
  name: 'shares',
});

/** Where what a part of the DiT gave at a call lies. */
export const tapRef = (block: number, attempt: number, step: number, name: string) => ({
  file: `taps/${blockName(block, 0)}.${attempt}.${step}.${name}.safetensors`,
  name,
});

/** Where the drift of an attempt at a generated block lies. */
export function driftRef(block: number, attempt: number): { readonly file: string; readonly name: string } {
  return { file: `drift/${blockName(block, 0)}.${attempt}.safetensors`, name: 'drift' };
}
