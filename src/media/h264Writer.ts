import { setImmediate as nextTurn } from 'node:timers/promises';
import { TokenTrimError } from '../errors.js';
import { fragmentedMp4 } from './fragmentedMp4.js';
import type { FrameMark, FrameWriter, VideoFormat, VideoOutput } from './frame.js';
import { createEncoder, type GroupEncoder, groupFrames, openGroup } from './h264Group.js';
import { readFragments } from './readFragments.js';

/**
 * An .mp4 of groups of pictures, each on disk when it is whole. Groups begin at fixed frames and know nothing of one another:
 * a video that is gone on with at a mark gets the bytes that it would have got at once.
 * @param from the mark that `file` goes on from
 */
export async function openH264Writer(file: VideoOutput, format: VideoFormat, from?: FrameMark): Promise<FrameWriter> {
  await ensureEncoder();
  const groupSize = groupFrames(format.fps);
  const earlier = from && (await readFragments(file, from.frames, groupSize));
  const mp4 = fragmentedMp4(file, format, earlier);
  let group: GroupEncoder | undefined;

  async function endGroup(): Promise<void> {
    const whole = await group?.finish();
    group = undefined;
    if (whole) await mp4.add(whole);
  }

  return {
    async write({ rgba }, index) {
      group ??= await openGroup(format);
      group.add(rgba);
      if ((index + 1) % groupSize === 0) await endGroup();
      await nextTurn(); // encoding keeps the thread: signals, and what the device says, come in between
    },
    async mark() {
      const mark = mp4.mark();
      if (!file.sync || mark.frames === 0) return undefined;
      await file.sync();
      return mark;
    },
    async finish(isEarly, record) {
      await endGroup();
      await mp4.finish(record);
      return isEarly ? file.finishEarly() : file.finish();
    },
    async release() {
      group?.release();
      group = undefined;
      return file.giveUp();
    },
  };
}

/** @throws TokenTrimError where the encoder does not load: better before hours of work than after */
async function ensureEncoder(): Promise<void> {
  try {
    (await createEncoder()).delete();
  } catch (cause) {
    const reason = String(cause).split('\n')[0];
    throw new TokenTrimError(
      `The video encoder does not load (${reason}). Run "npm ci" again, or choose a folder such as frames/ for PNG frames.`,
      { cause },
    );
  }
}
