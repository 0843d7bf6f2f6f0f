/** Side of a block, pixels; those at the right and lower border may be smaller. */
const BLOCK = 8;
/** Farthest that a block moves from one frame to the next, pixels. */
const RANGE = 7;
/** A motion is believed where it leaves less than this share of the difference: noise fits a little better anywhere. */
const EXPLAINS = 0.6;

const DIAMOND = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
] as const;
const HALVES = [-0.5, 0, 0.5].flatMap((y) => [-0.5, 0, 0.5].map((x) => [x, y] as const));

interface Match {
  readonly x: number;
  readonly y: number;
  /** Summed absolute difference over the block. */
  readonly difference: number;
}

/**
 * The mean absolute difference of a frame to the one before, each of whose blocks may have moved: a small diamond search
 * from no motion and from the left neighbour's, then to half a pixel.
 * Source: Zhu and Ma 2000, "A new diamond search algorithm for fast block-matching motion estimation", its small pattern.
 * @param current, previous luma [height, width]
 */
export function compensatedDifference(
  current: Float32Array,
  previous: Float32Array,
  width: number,
  height: number,
): number {
  let sum = 0;
  for (let top = 0; top < height; top += BLOCK) {
    let neighbour: Match | undefined;
    for (let left = 0; left < width; left += BLOCK) {
      const block = { current, previous, width, height, left, top };
      const still = matchAt(block, 0, 0, Number.POSITIVE_INFINITY);
      neighbour = still.difference === 0 ? still : bestMatch(block, still, neighbour);
      if (neighbour.difference > EXPLAINS * still.difference) neighbour = still;
      sum += neighbour.difference;
    }
  }
  return sum / (width * height);
}

interface Block {
  readonly current: Float32Array;
  readonly previous: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

function bestMatch(block: Block, still: Match, neighbour: Match | undefined): Match {
  let best = still;
  const tryAt = (x: number, y: number) => {
    const match = matchAt(block, x, y, best.difference);
    if (match.difference < best.difference) best = match;
  };
  if (neighbour) tryAt(Math.round(neighbour.x), Math.round(neighbour.y));
  for (let center: Match | undefined; center !== best; ) {
    center = best;
    for (const [x, y] of DIAMOND) tryAt(center.x + x, center.y + y);
  }
  const whole = best;
  for (const [x, y] of HALVES) tryAt(whole.x + x, whole.y + y);
  return best;
}

/**
 * A block beside what lies (x, y) from it in the frame before, in half pixels.
 * @param limit where the difference is known to reach this, or the place lies outside, it is infinite
 */
function matchAt(block: Block, x: number, y: number, limit: number): Match {
  const { current, previous, width, height, left, top } = block;
  const right = Math.min(left + BLOCK, width);
  const bottom = Math.min(top + BLOCK, height);
  const isOutside = left + x < 0 || top + y < 0 || right + x > width || bottom + y > height;
  if (isOutside || Math.abs(x) > RANGE || Math.abs(y) > RANGE) return { x, y, difference: Number.POSITIVE_INFINITY };
  const [wholeX, wholeY] = [Math.floor(x), Math.floor(y)];
  const beside = x === wholeX ? 0 : 1; // a value between two pixels is their mean
  const below = y === wholeY ? 0 : width;
  let difference = 0;
  for (let row = top; row < bottom && difference < limit; row++) {
    let at = row * width + left;
    let from = (row + wholeY) * width + left + wholeX;
    for (const end = at + right - left; at < end; at++, from++) {
      const value = previous[from] + previous[from + beside] + previous[from + below] + previous[from + beside + below];
      difference += Math.abs(current[at] - value / 4);
    }
  }
  return { x, y, difference: difference < limit ? difference : Number.POSITIVE_INFINITY };
}
