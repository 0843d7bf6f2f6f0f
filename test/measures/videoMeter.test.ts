import { expect, test } from 'vitest';
import { secondsOf, seriesOf } from '../../src/measures/series.js';
import { videoMeter } from '../../src/measures/videoMeter.js';
import { flat, gray, measure } from './support/pictures.js';

test('a second is its frames, and a last one counts from half of them on', () => {
  expect(secondsOf(40, 16)).toEqual([
    { time: 1, range: [0, 16] },
    { time: 2, range: [16, 32] },
    { time: 3, range: [32, 40] },
  ]);
  expect(secondsOf(39, 16).map(({ time }) => time)).toEqual([1, 2]);
  expect(secondsOf(3, 16)).toEqual([{ time: 1, range: [0, 3] }]);
  expect(secondsOf(48, 23.976).map(({ range }) => range)).toEqual([[0, 24], [24, 48]]); // biome-ignore format: ranges
});

test('a series has means over seconds, ends and the first and last five seconds', () => {
  const values = Array.from({ length: 200 }, (_, index) => (index < 10 ? null : index)); // at 10 a second
  const series = seriesOf(values, 10);
  expect(series.values.slice(0, 2)).toEqual([null, 14.5]);
  expect(series.at).toEqual({ 1: null, 5: 44.5, 10: 94.5 });
  expect(series).toMatchObject({ mean: 104.5, first: 19.5, last: 184.5, drift: 145 }); // 10..29, 170..199; 10..49, 150..199
  expect(seriesOf(values.slice(0, 99), 10).drift).toBe(null);
});

test('measures are plain data, and the meter keeps no frame', () => {
  const frame = flat(8, 8, gray(7));
  const meter = videoMeter({ width: 8, height: 8, fps: 16 });
  for (let index = 0; index < 20; index++) meter.add(frame.fill(7 + (index % 2))); // the same bytes, again and again
  const found = meter.finish();
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  expect(found).toMatchObject({ version: 1, kind: 'video', frames: 20, seconds: 1.25, truth: null, times: [1] });
  expect(found.measures.motion.mean).toBeCloseTo(1, 5);
});

test('what is no frame of the video is refused', () => {
  expect(() => videoMeter({ width: 8, height: 0, fps: 16 })).toThrow('found 8x0 at 16');
  expect(() => measure({ width: 8, height: 8 }, () => new Uint8Array(3))).toThrow(
    'Frame 0: expected 8x8 pixels of 3 bytes, 192, found 3 bytes.',
  );
  expect(() => videoMeter({ width: 8, height: 8, fps: 16 }).finish()).toThrow('at least one frame');
});
