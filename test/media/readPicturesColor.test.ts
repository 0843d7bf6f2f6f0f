import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rgbaToI420 } from '../../src/media/color.js';
import { type PlanarPicture, planesToRgb } from '../../src/media/readVideoColor.js';
import { flatFrame } from './support/clips.js';

const BASE = { matrix: 'bt709', fullRange: false } as const;
const channel = fc.integer({ min: 0, max: 255 });

/** I420 planes as they follow each other without gaps. */
function i420(data: Uint8Array, width: number, height: number): PlanarPicture {
  const chroma = { offset: width * height, stride: width / 2 };
  const planes = [{ offset: 0, stride: width }, chroma, { ...chroma, offset: chroma.offset * 1.25 }];
  return { ...BASE, format: 'I420', width, height, data, planes };
}

test('undoes rgbaToI420', () => {
  fc.assert(
    fc.property(fc.tuple(channel, channel, channel), (color) => {
      const rgb = planesToRgb(i420(rgbaToI420(flatFrame(color, 4, 2).rgba, 4, 2), 4, 2), 'video.mp4');
      expect(rgb).toHaveLength(4 * 2 * 3);
      for (const [index, value] of rgb.entries()) expect(Math.abs(value - color[index % 3])).toBeLessThanOrEqual(2);
    }),
  );
});

describe('layouts', () => {
  // Two rows of four pixels, a shade each; the left half is blueish, the right half reddish.
  const luma = [50, 60, 70, 80, 90, 100, 110, 120];
  const [cb, cr] = [
    [150, 110],
    [100, 160],
  ];
  const expected = planesToRgb(i420(Uint8Array.from([...luma, ...cb, ...cr]), 4, 2), 'video.mp4');

  test.each<Pick<PlanarPicture, 'format' | 'planes'> & { data: number[] }>([
    {
      format: 'NV12',
      data: [...luma, cb[0], cr[0], cb[1], cr[1]],
      planes: [
        { offset: 0, stride: 4 },
        { offset: 8, stride: 4 },
      ],
    },
    {
      format: 'I422',
      data: [...luma, ...cb, ...cb, ...cr, ...cr],
      planes: [
        { offset: 0, stride: 4 },
        { offset: 8, stride: 2 },
        { offset: 12, stride: 2 },
      ],
    },
    {
      format: 'I444',
      data: [luma, ...[cb, cr].map(([left, right]) => [left, left, right, right, left, left, right, right])].flat(),
      planes: [
        { offset: 0, stride: 4 },
        { offset: 8, stride: 4 },
        { offset: 16, stride: 4 },
      ],
    },
    {
      format: 'I420', // rows with gaps, as decoders align them
      data: [...luma.slice(0, 4), 0, 0, ...luma.slice(4), 0, 0, ...cb, 0, ...cr, 0],
      planes: [
        { offset: 0, stride: 6 },
        { offset: 12, stride: 3 },
        { offset: 15, stride: 3 },
      ],
    },
  ])('$format', ({ format, data, planes }) => {
    const picture = { ...BASE, format, width: 4, height: 2, data: Uint8Array.from(data), planes };
    expect(planesToRgb(picture, 'video.mp4')).toEqual(expected);
  });

  test('an odd size: the last chroma sample belongs to the last pixel', () => {
    const planes = [
      { offset: 0, stride: 3 },
      { offset: 3, stride: 2 },
      { offset: 5, stride: 2 },
    ];
    const data = Uint8Array.from([126, 126, 126, 128, 240, 128, 128]);
    const rgb = planesToRgb({ ...BASE, format: 'I420', width: 3, height: 1, data, planes }, 'video.mp4');
    expect([...rgb.subarray(0, 6)]).toEqual([128, 128, 128, 128, 128, 128]);
    expect(rgb[8]).toBe(255);
  });
});

test('a video that names no matrix: BT.601 for small pictures, BT.709 from 720 lines on', () => {
  const data = Uint8Array.from([81, 90, 240]);
  const planes = [0, 1, 2].map((offset) => ({ offset, stride: 0 })); // every pixel the same
  const red = (height: number) =>
    planesToRgb({ format: 'I444', width: 1, height, data, planes, matrix: null, fullRange: null }, 'video.mp4').slice(
      0,
      3,
    );
  expect([...red(480)]).toEqual([254, 0, 0]);
  expect(red(720)[1]).toBeGreaterThan(10);
});

test('formats of more than 8 bits are refused, with the way to convert them', () => {
  const picture = { ...i420(new Uint8Array(12), 4, 2), format: 'I420P10' };
  expect(() => planesToRgb(picture, 'phone.mov')).toThrow(
    /^Cannot read phone\.mov: its pixels are I420P10, expected 8 bits.*ffmpeg -i "phone\.mov" -pix_fmt yuv420p/,
  );
});
