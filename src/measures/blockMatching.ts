/** Side of a block, pixels; those at the right and lower border may be smaller. */
const BLOCK = 8;
/** Farthest that a block moves from one frame to the next, pixels. */
const RANGE = 7;
/** A block whose pixels differ by less, on average, stands still: half a level is what rounding to bytes leaves. */
const STILL = 0.5;
/** A motion is believed where it leaves less than this share of the difference: noise fits a little better anywhere. */
const EXPLAINS = 0.6;

const DIAMOND = [1, 0, -1, 0, 0, 1, 0, -1];
const HALVES = [-0.5, -0.5, 0, -0.5, 0.5, -0.5, -0.5, 0, 0.5, 0, -0.5, 0.5, 0, 0.5, 0.5, 0.5];

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
    let [neighbourX, neighbourY] = [0, 0];
    for (let left = 0; left < width; left += BLOCK) {
      const match = new BlockMatch(current, previous, width, height, left, top);
      match.search(neighbourX, neighbourY);
      [neighbourX, neighbourY] = [Math.round(match.x), Math.round(match.y)];
      sum += match.difference;
    }
  }
  return sum / (width * height);
}

/** A block, and the best place for it in the frame before that was found so far. */
class BlockMatch {
  x = 0;
  y = 0;
  /** Summed over the block. */
  difference: number;
  readonly #right: number;
  readonly #bottom: number;

  constructor(
    readonly current: Float32Array,
    readonly previous: Float32Array,
    readonly width: number,
    readonly height: number,
    readonly left: number,
    readonly top: number,
  ) {
    this.#right = Math.min(left + BLOCK, width);
    this.#bottom = Math.min(top + BLOCK, height);
    this.difference = this.#differenceAt(0, 0, Number.POSITIVE_INFINITY);
  }

  search(neighbourX: number, neighbourY: number): void {
    const still = this.difference;
    if (still < STILL * (this.#right - this.left) * (this.#bottom - this.top)) return;
    this.#try(neighbourX, neighbourY);
    for (let before = Number.POSITIVE_INFINITY; this.difference < before; ) {
      before = this.difference;
      this.#tryAround(DIAMOND);
    }
    this.#tryAround(HALVES);
    if (this.difference <= EXPLAINS * still) return;
    [this.x, this.y, this.difference] = [0, 0, still];
  }

  #tryAround(steps: readonly number[]): void {
    const { x, y } = this;
    for (let at = 0; at < steps.length; at += 2) this.#try(x + steps[at], y + steps[at + 1]);
  }

  #try(x: number, y: number): void {
    const { left, top, width, height } = this;
    if (left + x < 0 || top + y < 0 || this.#right + x > width || this.#bottom + y > height) return;
    if (Math.abs(x) > RANGE || Math.abs(y) > RANGE) return;
    const difference = this.#differenceAt(x, y, this.difference);
    if (difference < this.difference) [this.x, this.y, this.difference] = [x, y, difference];
  }

  /** Summed absolute difference at a place, in half pixels; part of it where it is past `limit`. */
  #differenceAt(x: number, y: number, limit: number): number {
    const { current, previous, width, left } = this;
    const [wholeX, wholeY] = [Math.floor(x), Math.floor(y)];
    const beside = x === wholeX ? 0 : 1; // a value between pixels is their mean
    const below = y === wholeY ? 0 : width;
    let difference = 0;
    for (let row = this.top; row < this.#bottom && difference < limit; row++) {
      let from = (row + wholeY) * width + left + wholeX;
      const end = row * width + this.#right;
      if (beside + below === 0) {
        for (let at = row * width + left; at < end; at++) difference += Math.abs(current[at] - previous[from++]);
        continue;
      }
      for (let at = row * width + left; at < end; at++, from++) {
        const above = previous[from] + previous[from + beside];
        difference += Math.abs(current[at] - (above + previous[from + below] + previous[from + beside + below]) / 4);
      }
    }
    return difference;
  }
}
