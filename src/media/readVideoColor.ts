import { ensure } from '../errors.js';
import type { CodedColor } from './codedColor/codedColor.js';
import { convertVideo } from './recogniseFile.js';
import { type ColorRule, unusualPixels } from './videoColor.js';

/** How a decoded picture's planes lie in memory, and what colours they mean. */
export interface PlanarPicture extends ColorRule {
  /** I420, I422, I444 (three planes) or NV12 (luma, then pairs of Cb and Cr); 8 bits each. */
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly planes: readonly { readonly offset: number; readonly stride: number }[];
}

/** Pixels that share one chroma sample, across and down. */
const SHARED: Record<string, readonly [across: number, down: number]> = {
  I420: [2, 2],
  I422: [2, 1],
  I444: [1, 1],
  NV12: [2, 2],
};

/** The formats that a bitstream's chroma comes out in; where the decoder knows a pixel format not, it says I420 of all. */
const FORMATS: Record<NonNullable<CodedColor['chroma']>, readonly string[]> = {
  '4:0:0': ['I420', 'NV12'],
  '4:2:0': ['I420', 'NV12'],
  '4:2:2': ['I422'],
  '4:4:4': ['I444'],
};

/**
 * Refuses pictures that the decoder cannot hand over: other than 8 bits, and those of which it gives a part only.
 * @throws TokenTrimError what the pixels are, and how to convert them
 */
export function checkFormat(format: string, { chroma, fullRange }: CodedColor, name: string): void {
  ensure(
    format in SHARED,
    `Cannot read ${name}: its pixels are ${format}, expected 8 bits for each colour. Convert it first, for instance with ` +
      convertVideo(name),
  );
  if (chroma && !FORMATS[chroma].includes(format)) {
    throw unusualPixels(
      name,
      `${chroma}${fullRange ? ' in full range' : ''}, of which the decoder here gives a part only`,
    );
  }
}

/**
 * Luma and chroma to RGB. `VideoFrame.copyTo` of @napi-rs/webcodecs 1.3.1 could do this, but takes every video for BT.601
 * in limited range (pure red of our own BT.709 files comes out as 232, 0, 1).
 * @returns [height, width, 3], 0 ... 255
 */
export function planesToRgb(picture: PlanarPicture): Uint8ClampedArray {
  const { format, width, height, data, planes, fullRange } = picture;
  const [across, down] = SHARED[format];
  const [kr, kb] = picture.shares;
  const kg = 1 - kr - kb;
  const black = fullRange ? 0 : 16;
  const lumaScale = 255 / (fullRange ? 255 : 219);
  const chromaScale = 255 / (fullRange ? 255 : 224);
  const [toRed, toBlue] = [2 * (1 - kr) * chromaScale, 2 * (1 - kb) * chromaScale];
  const [redToGreen, blueToGreen] = [(toRed * kr) / kg, (toBlue * kb) / kg];

  const isPaired = format === 'NV12';
  const [luma, first] = planes;
  const second = isPaired ? { offset: first.offset + 1, stride: first.stride } : planes[2];
  const step = isPaired ? 2 : 1;
  const rgb = new Uint8ClampedArray(width * height * 3);
  let at = 0;
  for (let row = 0; row < height; row++) {
    const chromaRow = Math.floor(row / down);
    for (let column = 0; column < width; column++) {
      const chroma = Math.floor(column / across) * step;
      const y = lumaScale * (data[luma.offset + row * luma.stride + column] - black);
      const cb = data[first.offset + chromaRow * first.stride + chroma] - 128;
      const cr = data[second.offset + chromaRow * second.stride + chroma] - 128;
      rgb[at++] = y + toRed * cr;
      rgb[at++] = y - redToGreen * cr - blueToGreen * cb;
      rgb[at++] = y + toBlue * cb;
    }
  }
  return rgb;
}
