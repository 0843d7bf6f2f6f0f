import { type LabStatistics, labStatistics } from './labStatistics.js';

/** A frame as measures see it: what several need is computed once, and only where one asks. */
export class FrameView {
  #luma?: Float32Array;
  #lab?: LabStatistics;

  /** @param rgb [height, width, 3], sRGB, 0 ... 255 */
  constructor(
    readonly index: number,
    readonly width: number,
    readonly height: number,
    readonly rgb: Uint8Array,
  ) {}

  /** Y' of BT.709, 0 ... 255: [height, width]. */
  get luma(): Float32Array {
    this.#luma ??= lumaOf(this.rgb);
    return this.#luma;
  }

  /** What its colours are in CIELAB. */
  get lab(): LabStatistics {
    this.#lab ??= labStatistics(this.rgb);
    return this.#lab;
  }
}

function lumaOf(rgb: Uint8Array): Float32Array {
  const luma = new Float32Array(rgb.length / 3);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += 3) {
    luma[pixel] = 0.2126 * rgb[at] + 0.7152 * rgb[at + 1] + 0.0722 * rgb[at + 2];
  }
  return luma;
}
