import { ensure, TokenTrimError } from '../errors.js';
import { reasonOf } from '../node/files/writeProblem.js';
import type { FrameMark, FrameSink, FrameWriter, VideoFormat } from './frame.js';
import { PictureDigest } from './pictureDigest.js';

/**
 * Turns a {@link FrameWriter} into a {@link FrameSink}: checks sizes and order of calls, reports a failure once as a
 * {@link TokenTrimError}, and releases the writer exactly once, so that the process can exit on its own.
 * @param from what an earlier run wrote
 */
export function guardedSink(
  writer: FrameWriter,
  { width, height }: Pick<VideoFormat, 'width' | 'height'>,
  description: Pick<FrameSink, 'path' | 'encoder' | 'note'>,
  from?: FrameMark,
): FrameSink {
  const { path: wanted, encoder, note } = description;
  let path = wanted;
  const pictures = new PictureDigest(from?.frames, from?.pictures);
  let frames = from?.frames ?? 0;
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
      const rest = await release();
      path = rest ?? path;
      throw failure(wanted, frames, rest, error);
    }
  }

  async function finish(isEarly: boolean, record?: string): Promise<void> {
    await writing;
    if (failed) return;
    if (frames > 0) {
      await guard(async () => {
        path = await writer.finish(isEarly, record);
      });
    }
    await release();
  }

  return {
    encoder,
    note,
    get pictures() {
      return { frames: pictures.frames, sha256: pictures.sha256 };
    },
    get path() {
      return path;
    },
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
      const written = guard(async () => {
        await writer.write(frame, index);
        pictures.add(frame.rgba);
      });
      writing = written.catch(() => undefined);
      await written;
    },
    async mark() {
      await writing;
      if (ended) return undefined;
      let mark: FrameMark | undefined;
      await guard(async () => {
        const file = await writer.mark();
        mark = file && { ...file, pictures: pictures.at(file.frames) as string };
      });
      return mark;
    },
    close(record) {
      ended ??= finish(false, record);
      return ended;
    },
    closeEarly(record) {
      ended ??= finish(true, record);
      return ended;
    },
    async abort() {
      ended ??= release().then((rest) => {
        path = rest ?? path;
      });
      await ended.catch(() => undefined);
    },
  };
}

/** Says why an output ended, and what became of it. */
function failure(path: string, frames: number, rest: string | undefined, error: unknown): TokenTrimError {
  const isSystem = error instanceof TokenTrimError && (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof TokenTrimError && !isSystem) return error; // it says all of that itself
  const reason = reasonOf(isSystem ? error.cause : error);
  const kept = rest ? `${rest} holds what was written before, and can be watched` : 'nothing of it was kept';
  return new TokenTrimError(
    `Writing ${path} stopped at frame ${frames}: ${reason}; ${kept}. Make room on its disk, or choose another --out.`,
    { cause: error },
  );
}
