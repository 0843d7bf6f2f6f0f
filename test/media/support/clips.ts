import type { Frame } from '../../../src/media/frame.js';

/** Slow waves of colour without edges: what 4:2:0 chroma can hold, so that a low PSNR means a bad encoder setting. */
export function smoothFrame(index: number, width: number, height: number): Frame {
  const rgba = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const horizontal = (column / width) * Math.PI;
      const vertical = (row / height) * Math.PI;
      rgba.set(
        [
          Math.round(128 + 70 * Math.sin(horizontal + index / 6)),
          Math.round(110 + 60 * Math.cos(vertical - index / 9)),
          Math.round(128 + 80 * Math.sin(horizontal - vertical + index / 12)),
          255,
        ],
        (row * width + column) * 4,
      );
    }
  }
  return { width, height, rgba };
}

/** One colour everywhere. */
export function flatFrame(color: readonly [number, number, number], width: number, height: number): Frame {
  const rgba = new Uint8Array(width * height * 4);
  for (let at = 0; at < rgba.length; at += 4) rgba.set([...color, 255], at);
  return { width, height, rgba };
}
