/** BT.709 limited-range I420 back to RGB [height, width, 3] in float, each chroma sample used for its 2x2 pixels. */
export function i420ToRgb(planes: Uint8Array, width: number, height: number): Float64Array {
  const rgb = new Float64Array(width * height * 3);
  const lumaSize = width * height;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const chroma = (row >> 1) * (width >> 1) + (column >> 1);
      const luma = (planes[row * width + column] - 16) / 219;
      const cb = (planes[lumaSize + chroma] - 128) / 224;
      const cr = (planes[lumaSize * 1.25 + chroma] - 128) / 224;
      const red = luma + 1.5748 * cr;
      const blue = luma + 1.8556 * cb;
      const green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152;
      rgb.set(
        [red, green, blue].map((value) => 255 * Math.min(1, Math.max(0, value))),
        (row * width + column) * 3,
      );
    }
  }
  return rgb;
}
