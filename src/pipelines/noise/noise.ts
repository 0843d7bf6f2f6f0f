/**
 * Where a rollout's randomness comes from. `initial` may be asked for the same frames again (a block that is generated
 * again starts from the same noise); `renoise` draws anew every time, in order.
 */
export interface NoiseSource {
  /** The initial noise of consecutive frames: count * frameSize values. */
  initial(firstFrame: number, count: number): Promise<Float32Array>;
  /**
   * The next draw, of `count` frames, of which only frames from ... from + used - 1 are returned. Rolling Forcing draws
   * whole windows and keeps one block.
   */
  renoise(count: number, from: number, used: number): Promise<Float32Array>;
}
