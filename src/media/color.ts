// ITU-R BT.709-6, item 3.2: luma is 0.2126 R + 0.7152 G + 0.0722 B; item 3.4: Y takes 219 steps from 16, Cb and Cr take
// 224 steps around 128 ("limited" or "video" range). R, G, B are 0..255 here.
const KR = 0.2126;
const KB = 0.0722;
const KG = 1 - KR - KB;
const LUMA = 219 / 255;
const BLUE = 224 / 255 / (2 * (1 - KB));
const RED = 224 / 255 / (2 * (1 - KR));

/**
 * RGBA to I420 as video encoders want it: BT.709, limited range, one chroma sample for 2x2 pixels (their mean).
 * @param rgba [height, width, 4], 0..255; alpha is ignored. Width and height must be even.
 * @returns the planes Y [height, width], Cb and Cr [height / 2, width / 2], one after the other.
 */
export function rgbaToI420(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const lumaSize = width * height;
  const planes = new Uint8Array((lumaSize * 3) / 2);
  const chromaWidth = width / 2;
  const cr = lumaSize + lumaSize / 4;

  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let pixel = 0; pixel < 4; pixel++) {
        const at = (row + (pixel >> 1)) * width + column + (pixel & 1);
        const r = rgba[at * 4];
        const g = rgba[at * 4 + 1];
        const b = rgba[at * 4 + 2];
        planes[at] = round(16 + LUMA * (KR * r + KG * g + KB * b));
        red += r;
        green += g;
        blue += b;
      }
      const luma = KR * red + KG * green + KB * blue;
      const at = lumaSize + (row / 2) * chromaWidth + column / 2;
      planes[at] = round(128 + (BLUE * (blue - luma)) / 4);
      planes[at - lumaSize + cr] = round(128 + (RED * (red - luma)) / 4);
    }
  }
  return planes;
}

function round(value: number): number {
  return Math.floor(value + 0.5);
}
