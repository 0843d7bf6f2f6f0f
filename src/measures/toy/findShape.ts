import type { FrameView } from '../frameView.js';
import type { Point } from './toyWorld.js';
import { TOY_RADIUS } from './toyWorld.js';

/** What stands out from the background. */
export interface FoundShape {
  /** 1 where a pixel is of the shape: [height, width]. */
  readonly mask: Uint8Array;
  /** Pixels of it; 0 where nothing stands out. */
  readonly area: number;
  /** Its centre of mass, pixels. */
  readonly middle: Point;
  /** 1 where a pixel is of the background, and not of an edge. */
  readonly background: Uint8Array;
}

/** The least distance between shape and background, of sRGB levels in three channels: what the decoder's grain does not reach. */
const LEAST_CONTRAST = 32;
/** The share of a circle's pixels that say how far the shape is from the background: of each form they are its inside. */
const CORE = 0.3;
/** The longest distance between two colours: 255 sqrt 3. */
const LONGEST = 442;

/**
 * Finds what is not background: pixels more than half as far from it as the shape's inside is, which is where a pixel is
 * half covered. The background is the median of the picture's border, which no shape of the toy world fills.
 */
export function findShape({ rgb, width, height }: FrameView): FoundShape {
  const behind = borderColor(rgb, width, height);
  const pixels = width * height;
  const distances = new Float32Array(pixels);
  const counts = new Uint32Array(LONGEST + 1);
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += 3) {
    const red = rgb[at] - behind[0];
    const green = rgb[at + 1] - behind[1];
    const blue = rgb[at + 2] - behind[2];
    distances[pixel] = Math.sqrt(red * red + green * green + blue * blue);
    counts[Math.round(distances[pixel])]++;
  }
  const core = Math.max(1, Math.round(CORE * Math.PI * (TOY_RADIUS * Math.min(width, height)) ** 2));
  const inside = meanOfLargest(counts, core);
  const isThere = inside >= LEAST_CONTRAST;
  const mask = new Uint8Array(pixels);
  const background = new Uint8Array(pixels);
  let [area, x, y] = [0, 0, 0];
  for (let pixel = 0; pixel < pixels; pixel++) {
    background[pixel] = !isThere || distances[pixel] < inside / 4 ? 1 : 0;
    if (!isThere || distances[pixel] <= inside / 2) continue;
    mask[pixel] = 1;
    area++;
    x += pixel % width;
    y += Math.floor(pixel / width);
  }
  return { mask, area, middle: { x: x / area, y: y / area }, background };
}

/** The median of each channel over the picture's border. */
function borderColor(rgb: Uint8Array, width: number, height: number): readonly number[] {
  return [0, 1, 2].map((channel) => {
    const counts = new Uint32Array(256);
    const last = (height - 1) * width;
    for (let x = 0; x < width; x++) {
      counts[rgb[3 * x + channel]]++;
      counts[rgb[3 * (last + x) + channel]]++;
    }
    for (let y = 0; y < height; y++) {
      counts[rgb[3 * y * width + channel]]++;
      counts[rgb[3 * (y * width + width - 1) + channel]]++;
    }
    let level = 0;
    for (let below = counts[0]; below <= width + height; below += counts[++level]);
    return level;
  });
}

/** @param counts how many values there are of 0, 1, 2, ... */
function meanOfLargest(counts: Uint32Array, count: number): number {
  let [left, sum] = [count, 0];
  for (let value = counts.length - 1; value > 0 && left > 0; value--) {
    const taken = Math.min(left, counts[value]);
    sum += taken * value;
    left -= taken;
  }
  return sum / count;
}
