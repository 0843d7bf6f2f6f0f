import { picture } from './pictures.js';

/** A frame of the toy world as a test draws it, by formulas of its own: a shape of a radius in pixels about a centre. */
export interface Drawn {
  readonly shape: 'circle' | 'square' | 'triangle' | 'ring';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly color: readonly [number, number, number];
  readonly background: readonly [number, number, number];
}

const SIDE = 64;
/** Points of a pixel that are looked at, along each side. */
const POINTS = 5;

export function drawToy({ shape, x, y, radius, color, background }: Drawn): Uint8Array {
  const isIn = (dx: number, dy: number): boolean => {
    const [u, v] = [dx / radius, dy / radius];
    if (shape === 'square') return Math.abs(u) <= 0.9 && Math.abs(v) <= 0.9;
    if (shape === 'triangle') return v <= 0.78 && v >= -1.1 && Math.abs(u) <= ((v + 1.1) / 1.88) * 1.06;
    return u * u + v * v <= 1 && (shape === 'circle' || u * u + v * v >= 0.46 * 0.46);
  };
  return picture(SIDE, SIDE, (column, row) => {
    let covered = 0;
    for (let point = 0; point < POINTS ** 2; point++) {
      const dx = (point % POINTS) / POINTS + 0.5 / POINTS - 0.5;
      const dy = Math.floor(point / POINTS) / POINTS + 0.5 / POINTS - 0.5;
      covered += Number(isIn(column + dx - x, row + dy - y)) / POINTS ** 2;
    }
    const mix = (channel: 0 | 1 | 2) => Math.round(covered * color[channel] + (1 - covered) * background[channel]);
    return [mix(0), mix(1), mix(2)];
  });
}

/** What every drawing begins with: a red circle in the middle of navy. */
export const RED_CIRCLE: Drawn = {
  ...{ shape: 'circle', x: 31.5, y: 31.5, radius: 10.88 },
  ...{ color: [232, 35, 42], background: [15, 21, 69] },
};
