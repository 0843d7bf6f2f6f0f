import { ensure } from '../errors.js';
import { colorDifference } from './colorDifference.js';
import { colorHistogram } from './colorHistogram.js';
import { contrast } from './contrast.js';
import { exposure } from './exposure.js';
import { flicker } from './flicker.js';
import { FrameView } from './frameView.js';
import type { Measure, MeasureKind } from './measure.js';
import { motion } from './motion.js';
import { secondsOf, seriesOf } from './series.js';
import { sharpness } from './sharpness.js';
import { TOY_MEASURES, type ToyValues, toyValues } from './toy/toyMeasures.js';
import { parseToyPrompt } from './toy/toyPrompt.js';
import { MEASURES_VERSION, type VideoMeasures } from './videoMeasures.js';

/** The size of a video's frames, and how fast they follow each other. */
export interface VideoMeterOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** The video's prompt: where it is one of the toy world, its truth is measured too. */
  readonly prompt?: string;
}

/** What is measured of every video. */
export const VIDEO_MEASURES = {
  ...{ colorDifference, colorHistogram, exposure, contrast },
  ...{ sharpness, flicker, motion },
} satisfies Record<string, MeasureKind>;

/** Measures a video while it goes by. */
export interface VideoMeter {
  /** @param rgb [height, width, 3], sRGB, 0 ... 255; only read, and free again afterwards */
  add(rgb: Uint8Array): void;
  /** @throws TokenTrimError where no frame came */
  finish(): VideoMeasures;
}

/**
 * A meter that is given a video's frames one after the other. It keeps some numbers of each, and the two frames and few
 * seconds of histograms that it compares with: never the video.
 */
export function videoMeter({ width, height, fps, prompt }: VideoMeterOptions): VideoMeter {
  ensure(
    Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && fps > 0 && Number.isFinite(fps),
    `A video meter needs a width and height in whole pixels and frames per second, found ${width}x${height} at ${fps}.`,
  );
  const truth = prompt === undefined ? undefined : parseToyPrompt(prompt);
  const kinds = Object.entries(VIDEO_MEASURES).map(([name, kind]) => [name, kind.start(fps)] as const);
  const measures: Record<string, Measure> = Object.fromEntries(kinds);
  const toy: ToyValues[] = [];
  let frames = 0;
  return {
    add(rgb) {
      ensure(
        rgb.length === width * height * 3,
        `Frame ${frames}: expected ${width}x${height} pixels of 3 bytes, ${width * height * 3}, found ${rgb.length} bytes.`,
      );
      const view = new FrameView(frames++, width, height, rgb);
      for (const measure of Object.values(measures)) measure.add(view);
      if (truth) toy.push(toyValues(view, truth));
    },
    finish() {
      ensure(frames > 0, 'There is nothing to measure: expected at least one frame, found none.');
      const found = Object.entries(measures).map(([name, measure]) => [name, measure.values()] as const);
      const ofTruth = truth ? columns(toy) : [];
      const series = [...found, ...ofTruth].map(([name, values]) => [name, seriesOf(values, fps)] as const);
      return {
        ...{ version: MEASURES_VERSION, kind: 'video', width, height, fps, frames, seconds: frames / fps },
        truth: truth ?? null,
        times: secondsOf(frames, fps).map(({ time }) => time),
        measures: Object.fromEntries(series),
      };
    },
  };
}

/** Frames of values as values of frames. */
function columns(frames: readonly ToyValues[]): (readonly [name: string, values: (number | null)[]])[] {
  const names = Object.keys(TOY_MEASURES) as (keyof ToyValues)[];
  return names.map((name) => [name, frames.map((values) => values[name])]);
}
