import type { RopeTable } from '../../kernels/rope/rope.js';
import type { Device } from '../../tensor/device.js';

const THETA = 10_000;

/** How the pairs of a head are shared out between time, height and width; a 128-wide head has 22, 21 and 21. */
export function ropePairs(headDim: number): { temporal: number; height: number; width: number } {
  const pairs = headDim / 2;
  const third = Math.floor(pairs / 3);
  return { temporal: pairs - 2 * third, height: third, width: third };
}

/**
 * Angles of `count` pairs at one position: position * 10000^(-pair / count), in float64. Each axis has a series of its
 * own, and since the angle is computed and not looked up, no position is too large.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py rope_params.
 */
export function ropeAngles(position: number, count: number): number[] {
  return Array.from({ length: count }, (_, pair) => position * THETA ** (-pair / count));
}

/**
 * The rotation of a grid of tokens whose first frame stands at `startFrame` of the video.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py causal_rope_apply.
 */
export function ropeTable(
  device: Device,
  grid: { startFrame: number; frames: number; gridHeight: number; gridWidth: number; headDim: number },
): RopeTable {
  const { startFrame, frames, gridHeight, gridWidth } = grid;
  const pairs = ropePairs(grid.headDim);
  const axis = (start: number, count: number, pairCount: number) =>
    Array.from({ length: count }, (_, index) => ropeAngles(start + index, pairCount)).flat();
  const angles = [
    ...axis(startFrame, frames, pairs.temporal), // [frames, temporal]
    ...axis(0, gridHeight, pairs.height), // [gridHeight, height]
    ...axis(0, gridWidth, pairs.width), // [gridWidth, width]
  ];
  const entries = Float64Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
  return { entries: device.upload(entries, [angles.length, 2]), frames, gridHeight, gridWidth, pairs };
}
