import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rgbaToI420 } from '../../src/media/color.js';
import { checkFormat, type PlanarPicture, planesToRgb } from '../../src/media/readVideoColor.js';
import { chooseColor } from '../../src/media/videoColor.js';
import { flatFrame } from './support/clips.js';

const BASE = chooseColor({ matrix: 'bt709', fullRange: false }, {}, 48, 'video.mp4');
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
      const rgb = planesToRgb(i420(rgbaToI420(flatFrame(color, 4, 2).rgba, 4, 2), 4, 2));
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
  const expected = planesToRgb(i420(Uint8Array.from([...luma, ...cb, ...cr]), 4, 2));

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
    expect(planesToRgb(picture)).toEqual(expected);
  });

  test('an odd size: the last chroma sample belongs to the last pixel', () => {
    const planes = [
      { offset: 0, stride: 3 },
      { offset: 3, stride: 2 },
      { offset: 5, stride: 2 },
    ];
    const data = Uint8Array.from([126, 126, 126, 128, 240, 128, 128]);
    const rgb = planesToRgb({ ...BASE, format: 'I420', width: 3, height: 1, data, planes });
    expect([...rgb.subarray(0, 6)]).toEqual([128, 128, 128, 128, 128, 128]);
    expect(rgb[8]).toBe(255);
  });
});

test('a video that names no matrix: BT.601 for small pictures, BT.709 from 720 lines on; limited range', () => {
  for (const nothing of [{}, { matrix: 2, transfer: 2 }, { matrix: null, transfer: null, fullRange: null }]) {
    const rule = (height: number) => chooseColor(nothing, { matrix: 2 }, height, 'video.mp4');
    expect(rule(480)).toEqual({ shares: [0.299, 0.114], fullRange: false });
    expect(rule(720)).toEqual({ shares: [0.2126, 0.0722], fullRange: false });
  }
});

test("the container's matrix goes before the bitstream's, and either alone is enough", () => {
  const shares = (...[container, coded]: Parameters<typeof chooseColor>) =>
    chooseColor(container, coded, 48, 'a').shares[0];
  expect(shares({ matrix: 'bt709' }, { matrix: 6 }, 0, '')).toBe(0.2126);
  expect(shares({ matrix: 7 }, { matrix: 6 }, 0, '')).toBe(0.212);
  expect(shares({}, { matrix: 9 }, 0, '')).toBe(0.2627);
  expect(shares({ matrix: 'bt2020-ncl' }, {}, 0, '')).toBe(0.2627);
  expect(chooseColor({}, { fullRange: true }, 48, 'a').fullRange).toBe(true);
  expect(chooseColor({ fullRange: false }, { fullRange: true }, 48, 'a').fullRange).toBe(false);
});

test.each([
  ['rgb', 0],
  ['ycgco', 8],
  ['bt2020-cl', 10],
  ['ydzdx', 11],
  ['chroma-derived-ncl', 12],
  ['ictcp', 14],
  ['99', 99],
])("the matrix '%s' (%i) is refused by its name, whoever names it", (name, number) => {
  const said = `Cannot read a.mp4: its colours have the matrix '${name}'`;
  expect(() => chooseColor({}, { matrix: number }, 48, 'a.mp4')).toThrow(said);
  expect(() => chooseColor({ matrix: number }, {}, 48, 'a.mp4')).toThrow(said);
  expect(() => chooseColor({ matrix: 'bt709' }, { matrix: number }, 48, 'a.mp4')).toThrow(said);
});

test.each([
  ['HDR (PQ)', 16, 'pq'],
  ['HDR (HLG)', 18, 'hlg'],
  ['linear light', 8, 'linear'],
])('%s is refused by its name', (name, number, word) => {
  expect(() => chooseColor({ transfer: word }, {}, 48, 'a.mp4')).toThrow(`its brightness is ${name}`);
  expect(() => chooseColor({ transfer: 'bt709' }, { transfer: number }, 48, 'a.mp4')).toThrow(
    `its brightness is ${name}`,
  );
});

test('formats of more than 8 bits are refused, with the way to convert them', () => {
  expect(() => checkFormat('I420P10', {}, 'phone.mov')).toThrow(
    /^Cannot read phone\.mov: its pixels are I420P10, expected 8 bits.*ffmpeg -i "phone\.mov" -pix_fmt yuv420p/,
  );
});

test('a format that is not what the bitstream has is refused: the decoder gave a part of it', () => {
  expect(() => checkFormat('I420', { chroma: '4:4:4', fullRange: true }, 'screen.mp4')).toThrow(
    'Cannot read screen.mp4: its pixels are 4:4:4 in full range, of which the decoder here gives a part only',
  );
  checkFormat('I444', { chroma: '4:4:4' }, 'screen.mp4');
  checkFormat('NV12', { chroma: '4:2:0' }, 'screen.mp4');
  checkFormat('I422', {}, 'screen.mp4');
});
