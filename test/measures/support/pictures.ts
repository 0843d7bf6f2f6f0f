import type { MeasuredSeries, VideoMeasures } from '../../../src/measures/videoMeasures.js';
import { videoMeter } from '../../../src/measures/videoMeter.js';

/** A picture [height, width, 3] of a colour for each pixel. */
export function picture(
  width: number,
  height: number,
  color: (x: number, y: number) => readonly [number, number, number],
): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(color(x, y), (y * width + x) * 3);
  return rgb;
}

export const flat = (width: number, height: number, color: readonly [number, number, number]) =>
  picture(width, height, () => color);

export const gray = (level: number) => [level, level, level] as const;

/** All measures of a video whose frames are made by `frame`. */
export function measure(
  {
    width = 32,
    height = 24,
    fps = 16,
    frames = 160,
    prompt,
  }: Partial<Record<'width' | 'height' | 'fps' | 'frames', number>> & { prompt?: string },
  frame: (index: number) => Uint8Array,
): VideoMeasures & { series(name: string): MeasuredSeries } {
  const meter = videoMeter({ width, height, fps, prompt });
  for (let index = 0; index < frames; index++) meter.add(frame(index));
  const measures = meter.finish();
  return { ...measures, series: (name) => measures.measures[name] };
}
