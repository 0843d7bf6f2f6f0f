import { extname } from 'node:path';
import { ensure } from '../errors.js';
import { isFolder } from '../node/files/outputTarget.js';
import { checkNames, checkOptions, checkText, optionsOf } from '../options/checkOptions.js';
import { flag, value } from '../options/fields.js';
import { type FrameMark, type FrameSink, frameMarkSchema, type VideoFormat } from './frame.js';

export { LostOutputError } from '../node/files/earlierOutput.js';
export type {
  Frame,
  FrameMark,
  FrameSink,
  MediaTags,
  VideoFormat,
} from './frame.js';

export interface FrameSinkOptions {
  /** Replace files that this program did not write; what it wrote is replaced in any case, once the new output is finished. */
  force?: boolean;
  /** Go on with what an earlier run left at this mark of its output: the first frame that is written is number `from.frames`. */
  from?: FrameMark;
}

const sinkSchema = optionsOf<FrameSinkOptions>()({
  force: flag.optional(),
  from: value<FrameMark>('must be the mark of an output', (mark) => frameMarkSchema.safeParse(mark).success).optional(),
});

/**
 * Opens the output of a generation, before anything is generated. The name decides: `.mp4` is a video, `-` one on standard
 * output; an existing folder, a path that ends in `/` or a name without extension is a folder of PNG frames.
 * Throws a TokenTrimError, and leaves nothing behind, when the output cannot be written; a LostOutputError when what `from`
 * speaks of is not there, under its own name or that of an unfinished output.
 */
export async function openFrameSink(
  outPath: string,
  format: VideoFormat,
  options: FrameSinkOptions = {},
): Promise<FrameSink> {
  checkText('openFrameSink: the output', outPath);
  checkNames("openFrameSink's format", format, ['width', 'height', 'fps', 'tags']);
  checkOptions('openFrameSink', sinkSchema, options);
  const { force = false, from } = options;
  const { width, height, fps } = format;
  ensure(
    Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0,
    `Frames need a width and height in whole pixels, but got ${width}x${height}.`,
  );
  ensure(
    Number.isFinite(fps) && fps > 0 && fps <= 1000,
    `The frame rate must be above 0 and at most 1000, but is ${fps}: pass for instance --fps 16.`,
  );
  ensure(outPath !== '', 'The output has no name: pass for instance --out video.mp4, or --out frames/ for PNG frames.');

  const { openMp4, STANDARD_OUTPUT } = await import('./mp4.js');
  if (outPath === STANDARD_OUTPUT) return openMp4(outPath, format, options);
  if (await isFrameFolder(outPath)) {
    const { openPngFrames } = await import('./pngFrames.js');
    return openPngFrames(outPath, format, force, from);
  }
  ensureKnownOutput(outPath);
  return openMp4(outPath, format, options);
}

/** Whether an output is a folder of PNG frames, by its name and what is there. */
export async function isFrameFolder(outPath: string): Promise<boolean> {
  const extension = extname(outPath).toLowerCase();
  return /[/\\]$/.test(outPath) || extension === '' || (extension !== '.mp4' && (await isFolder(outPath)));
}

/** Refuses the name of a file that is no video of a known kind. */
export function ensureKnownOutput(outPath: string): void {
  const extension = extname(outPath).toLowerCase();
  ensure(
    extension === '.mp4',
    `Cannot write ${outPath}: ${extension} is not a known output. Use a name that ends in .mp4, or a folder such as frames/ for PNG frames.`,
  );
}
