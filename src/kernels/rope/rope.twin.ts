import ndarray, { type NdArray } from 'ndarray';

/**
 * Float64 twin of `rope.wgsl`: x [frames * gridHeight * gridWidth, heads * headDim]; entries [n, 2], (cos, sin) by
 * [frame, temporal pair], then [row, height pair], then [column, width pair].
 */
export function rope(
  x: NdArray<Float64Array>,
  entries: NdArray<Float64Array>,
  grid: {
    frames: number;
    gridHeight: number;
    gridWidth: number;
    pairs: { temporal: number; height: number; width: number };
  },
  heads: number,
  direction: 1 | -1 = 1,
): NdArray<Float64Array> {
  const { frames, gridHeight, gridWidth, pairs } = grid;
  const headPairs = pairs.temporal + pairs.height + pairs.width;
  const rowsStart = frames * pairs.temporal;
  const columnsStart = rowsStart + gridHeight * pairs.height;
  const y = new Float64Array(x.data.length);
  for (let token = 0; token < x.shape[0]; token++) {
    const frame = Math.floor(token / (gridHeight * gridWidth));
    const row = Math.floor(token / gridWidth) % gridHeight;
    const column = token % gridWidth;
    for (let pair = 0; pair < headPairs; pair++) {
      let entry = frame * pairs.temporal + pair;
      if (pair >= pairs.temporal) entry = rowsStart + row * pairs.height + pair - pairs.temporal;
      if (pair >= pairs.temporal + pairs.height) {
        entry = columnsStart + column * pairs.width + pair - pairs.temporal - pairs.height;
      }
      const cosine = entries.data[entry * 2];
      const sine = direction * entries.data[entry * 2 + 1];
      for (let head = 0; head < heads; head++) {
        const even = ((token * heads + head) * headPairs + pair) * 2;
        y[even] = x.data[even] * cosine - x.data[even + 1] * sine;
        y[even + 1] = x.data[even] * sine + x.data[even + 1] * cosine;
      }
    }
  }
  return ndarray(y, [...x.shape]);
}

/** Float64 twin of `rope.wgsl` turning back: a rotation's gradient is the rotation by the opposite angle. */
export function ropeGradient(...[cotangent, entries, grid, heads]: Parameters<typeof rope>): NdArray<Float64Array> {
  return rope(cotangent, entries, grid, heads, -1);
}
