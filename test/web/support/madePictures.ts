/** A sheet of pictures before it is a file: rgba, row by row. */
export interface RawSheet {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const COLUMNS = 4;

/** A soft disc that goes left and right on navy, a little elsewhere in every picture. */
export function paint(of: { side: number; count: number; block: number; wobble: number; seed: number }): RawSheet {
  const { side, count, block, wobble, seed } = of;
  const [columns, rows] = [Math.min(COLUMNS, count), Math.ceil(count / COLUMNS)];
  const [width, height] = [columns * side, rows * side];
  const rgba = new Uint8Array(width * height * 4);
  for (let picture = 0; picture < count; picture++) {
    const time = block + picture / 12;
    const [x, y] = [side * (0.5 + 0.24 * Math.sin(2.2 * time + seed)) + wobble / 8, side * 0.55 - wobble];
    const radius = side * 0.17;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const edge = radius - Math.hypot(column - x, row - y);
        const share = Math.max(0, Math.min(1, 0.5 + edge / 4));
        const at = ((Math.floor(picture / columns) * side + row) * width + (picture % columns) * side + column) * 4;
        rgba[at] = 16 + share * (200 + 30 * Math.sin(block + seed));
        rgba[at + 1] = 20 + share * 20;
        rgba[at + 2] = 70 + share * (90 * (0.5 + 0.5 * Math.sin(1.7 * block)) - 30);
        rgba[at + 3] = 255;
      }
    }
  }
  return { columns, width, height, rgba };
}
