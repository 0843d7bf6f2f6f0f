import * as z from 'zod';
import { type FrameMark, frameMarkSchema } from '../media/frame.js';
import { type FrameSink, LostOutputError, openFrameSink, type VideoFormat } from '../media/frameSink.js';
import type { RunState } from '../pipelines/resume/runState.js';
import { say } from './output.js';

/** What a run's state notes of its outputs (`RunState.keepNote`). */
const noteSchema = z.strictObject({ video: frameMarkSchema.optional() });

/** How far the video is safe, for a run that goes on. */
export async function marksOf(sink: FrameSink | undefined): Promise<{ readonly video?: FrameMark }> {
  const video = await sink?.mark();
  return video ? { video } : {};
}

/** The video, begun, or gone on with where an earlier process left it; what that one finished is not made again. */
export async function openVideo(
  path: string,
  format: VideoFormat,
  { force, state }: { readonly force: boolean | undefined; readonly state: RunState | undefined },
): Promise<FrameSink> {
  const from = state?.saved && noteSchema.safeParse(state.note).data?.video;
  if (!state || !from) return openFrameSink(path, format, { force });
  try {
    const sink = await openFrameSink(path, format, { force, from });
    state.pictures = from.frames;
    return sink;
  } catch (error) {
    if (!(error instanceof LostOutputError)) throw error;
    say(`note: ${path}: the pictures that were finished are gone or were changed, and are made again`);
    return openFrameSink(path, format, { force });
  }
}
