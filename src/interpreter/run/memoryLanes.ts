import { fromHalfBits, halfBits } from './numbers.js';

type View = Float32Array | Uint32Array | Int32Array;

/** Vectors out of memory and into it. */
export const memoryLanes = {
  lanes2: (view: View, at: number) => [view[at], view[at + 1]],
  lanes3: (view: View, at: number) => [view[at], view[at + 1], view[at + 2]],
  lanes4: (view: View, at: number) => [view[at], view[at + 1], view[at + 2], view[at + 3]],
  lanesOfHalves: (view: Uint16Array, at: number, size: number) =>
    Array.from({ length: size }, (_, lane) => fromHalfBits(view[at + lane])),
  put(view: View, at: number, lanes: readonly number[]): void {
    for (let lane = 0; lane < lanes.length; lane++) view[at + lane] = lanes[lane];
  },
  putHalves(view: Uint16Array, at: number, lanes: readonly number[]): void {
    for (let lane = 0; lane < lanes.length; lane++) view[at + lane] = halfBits(lanes[lane]);
  },
};
