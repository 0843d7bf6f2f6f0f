import { ensure } from '../errors.js';

/** How a decoded picture's planes lie in memory, and what colours they mean. */
export interface PlanarPicture {
  /** I420, I422, I444 (three planes) or NV12 (luma, then pairs of Cb and Cr); 8 bits each. */
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly planes: readonly { readonly offset: number; readonly stride: number }[];
  /** Names of WebCodecs; null where the file does not say. */
  readonly matrix: string | null;
  readonly fullRange: boolean | null;
}

/** Pixels that share one chroma sample, across and down. */
const SHARED: Record<string, readonly [across: number, down: number]> = {
  I420: [2, 2],
  I422: [2, 1],
  I444: [1, 1],
  NV12: [2, 2],
};

/** Luma's shares of red and blue: ITU-R BT.709-6 item 3.2, BT.601-7 item 2.5.1, BT.2020-2 table 4. */
const LUMA_SHARES: Record<string, readonly [red: number, blue: number]> = {
  bt709: [0.2126, 0.0722],
  smpte170m: [0.299, 0.114],
  bt470bg: [0.299, 0.114],
  'bt2020-ncl': [0.2627, 0.0593],
};

/**
 * Luma and chroma to RGB, by the matrix and range that the video names; where it names none, by those that players
 * assume: BT.709 from 720 lines on, BT.601 below, limited range. `VideoFrame.copyTo` of @napi-rs/webcodecs 1.3.1 could
 * do this, but takes every video for BT.601 (pure red of our own BT.709 files comes out as 232, 0, 1).
 * @param name of the file, for messages
 * @returns [height, width, 3], 0 ... 255
 * @throws TokenTrimError for any other format, such as 10 bits
 */
export function planesToRgb(picture: PlanarPicture, name: string): Uint8ClampedArray {
  const { format, width, height, data, planes } = picture;
  const shared = SHARED[format];
  ensure(
    shared,
    `Cannot read ${name}: its pixels are ${format}, expected 8 bits for each colour. Convert it first, for instance with ` +
      `ffmpeg -i "${name}" -pix_fmt yuv420p -c:v libx264 -crf 12 video.mp4`,
  );
  const [across, down] = shared;
  const shares = LUMA_SHARES[picture.matrix ?? ''] ?? LUMA_SHARES[height >= 720 ? 'bt709' : 'smpte170m'];
  const [kr, kb] = shares;
  const kg = 1 - kr - kb;
  const black = picture.fullRange ? 0 : 16;
  const lumaScale = 255 / (picture.fullRange ? 255 : 219);
  const chromaScale = 255 / (picture.fullRange ? 255 : 224);
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
