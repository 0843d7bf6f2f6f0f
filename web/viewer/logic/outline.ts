/** The grid of tokens of a latent frame. */
export interface Grid {
  readonly height: number;
  readonly width: number;
}

/** The outline of a set of tokens as an SVG path, a token being one by one: edges between a member and what is none. */
export function outline(tokens: Iterable<number>, { height, width }: Grid): string {
  const set = new Set(tokens);
  let path = '';
  for (const token of set) {
    const [x, y] = [token % width, Math.floor(token / width)];
    if (y === 0 || !set.has(token - width)) path += `M${x} ${y}h1`;
    if (y === height - 1 || !set.has(token + width)) path += `M${x} ${y + 1}h1`;
    if (x === 0 || !set.has(token - 1)) path += `M${x} ${y}v1`;
    if (x === width - 1 || !set.has(token + 1)) path += `M${x + 1} ${y}v1`;
  }
  return path;
}

/** Cells of tokens as one SVG path, each smaller than one by one by a gap. */
export function cells(tokens: Iterable<number>, { width }: Grid, gap: number): string {
  let path = '';
  const size = 1 - gap;
  for (const token of tokens) {
    path += `M${(token % width) + gap / 2} ${Math.floor(token / width) + gap / 2}h${size}v${size}h${-size}z`;
  }
  return path;
}

/** The token at a place of a map, given in shares of its width and height; undefined outside. */
export function tokenAt(x: number, y: number, { height, width }: Grid): number | undefined {
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  const isInside = column >= 0 && column < width && row >= 0 && row < height;
  return isInside ? row * width + column : undefined;
}
