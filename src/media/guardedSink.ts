import { ensure, TokenTrimError } from '../errors.js';
import type { FrameSink, FrameWriter, VideoFormat } from './frame.js';

/**
 * Turns a {@link FrameWriter} into a {@link FrameSink}: checks sizes and order of calls, reports a failure once as a
 * {@link TokenTrimError}, and releases the writer exactly once, so that the process can exit on its own.
 */
export function guardedSink(
  writer: FrameWriter,
  { width, height }: Pick<VideoFormat, 'width' | 'height'>,
  description: Pick<FrameSink, 'path' | 'encoder' | 'note'>,
): FrameSink {
  const { path } = description;
  let frames = 0;
  let failed = false;
  let ended: Promise<void> | undefined;
  // An interrupt closes the sink while a frame is still on its way: that frame is written first.
  let writing: Promise<unknown> = Promise.resolve();

  const release = () => writer.release().catch(() => undefined);

  async function guard(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      failed = true;
      ended ??= Promise.resolve();
      await release();
      throw error instanceof TokenTrimError
        ? error
        : new TokenTrimError(failureOf(path, frames, error), { cause: error });
    }
  }

  async function finish(): Promise<void> {
    await writing;
    if (failed) return;
    if (frames > 0) await guard(() => writer.finish());
    await release();
  }

  return {
    ...description,
    async write(frame) {
      ensure(!ended, `${path} is closed: it takes no more frames. Open another output for them.`);
      ensure(
        frame.width === width && frame.height === height,
        () => `${path} takes frames of ${width}x${height}, but got one of ${frame.width}x${frame.height}.`,
      );
      ensure(
        frame.rgba.length === width * height * 4,
        () => `A ${width}x${height} frame has ${width * height * 4} RGBA bytes, but this one has ${frame.rgba.length}.`,
      );
      const index = frames++;
      const written = guard(() => writer.write(frame, index));
      writing = written.catch(() => undefined);
      await written;
    },
    close() {
      ended ??= finish();
      return ended;
    },
    async abort() {
      ended ??= release();
      await ended.catch(() => undefined);
    },
  };
}

function failureOf(path: string, frames: number, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `Writing ${path} stopped at frame ${frames}: ${reason}. What was written before stays in place; check that the disk has room, or choose another --out.`;
}
