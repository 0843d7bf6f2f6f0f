import { ensure } from '../errors.js';
import { describePictures, openPictures } from '../media/openPictures.js';
import { readTextFile } from '../node/files/plainFile.js';
import { tooFewPictures } from '../pipelines/pictures/givenFrames.js';
import type { RolloutPlan } from '../pipelines/plan/plan.js';
import type { GenerateRequest, PlanRequest, RunInputs } from '../pipelines/plan/request.js';
import type { GenerateFlags } from './generateFlags.js';

/** What a video begins with, as the flags say: counted, not decoded yet. */
export interface Given {
  readonly path: string;
  readonly plan: NonNullable<PlanRequest['given']>;
  /** What the user should know of how it is read. */
  readonly note: (plan: RolloutPlan) => string | undefined;
  /** The pictures in the size of the video. */
  readonly pictures: (size: { width: number; height: number }) => RunInputs['pictures'];
  /** Decodes what a run would, for one that is only planned. @throws TokenTrimError what the run would say */
  readonly check: (plan: RolloutPlan) => Promise<void>;
}

/**
 * Looks at `--image` or `--video`, of which `checkOptions` lets one through. A video's pictures are chosen by time at the model's frame rate, so that it goes on at
 * its own speed.
 * @param signal ends all reading at once
 */
export async function openGiven(
  flags: Pick<GenerateFlags, 'image' | 'video'>,
  fps: number,
  signal?: AbortSignal,
): Promise<Given | undefined> {
  const { image, video } = flags;
  const path = image ?? video;
  if (path === undefined) return undefined;
  const found = await describePictures(path, fps, { signal });
  ensure(
    !image || found.kind === 'image',
    `--image ${path}: expected one picture, found a ${found.kind}: pass it as --video`,
  );
  ensure(
    !video || !found.animation,
    `--video ${path}: expected a video or a folder of pictures, found an animation of ${found.animation} pictures: convert ` +
      `it (ffmpeg -i "${path}" -pix_fmt yuv420p video.mp4), or pass it as --image for its first picture`,
  );
  ensure(
    !video || found.kind !== 'image',
    `--video ${path}: expected a video or a folder of pictures, found one picture: pass it as --image`,
  );
  const pictures: Given['pictures'] = (size) => (given) =>
    openPictures(path, { ...size, fps, skip: given.skip, maxFrames: given.pictures, signal });
  return {
    path,
    plan: { kind: image ? 'image' : 'video', available: found.frames },
    note: ({ given }) => {
      if (found.animation) return `note: ${path}: the first of its ${found.animation} pictures begins the video`;
      if (found.kind === 'image' || !given) return undefined;
      const rate =
        found.fps && Math.abs(found.fps - fps) > 0.01 ? `, read at ${fps} instead of ${found.fps} a second` : '';
      const passed = given.skip > 0 ? `; the ${given.skip} before them are out of the window's sight` : '';
      return `note: ${path}: the last ${given.pictures} of ${found.frames} frames${rate} begin the video${passed}`;
    },
    pictures,
    check: async ({ given, pixel }) => {
      let read = 0;
      if (given) for await (const _ of pictures(pixel)?.(given) ?? []) read++;
      ensure(!given || read === given.pictures, () => tooFewPictures(given?.pictures ?? 0, read));
    },
  };
}

/** Longer than any schedule of prompts. */
const MAX_SCHEDULE_BYTES = 2 ** 20;

/** Reads `--prompts-at`. */
export async function openSchedule(path: string | undefined): Promise<GenerateRequest['schedule']> {
  if (path === undefined) return undefined;
  const label = `--prompts-at ${path}`;
  const what = 'a text with times and prompts';
  const text = await readTextFile(path, { what, limit: MAX_SCHEDULE_BYTES, label });
  ensure(!text.includes('\0'), `${label}: expected ${what} in UTF-8, found other bytes. Save it as UTF-8.`);
  return { text, label: path };
}
