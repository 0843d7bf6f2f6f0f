import { ensure } from '../errors.js';
import { LostOutputError } from '../node/files/earlierOutput.js';
import { OutputFile } from '../node/files/outputFile.js';
import type { FrameSink, VideoFormat, VideoOutput } from './frame.js';
import type { FrameSinkOptions } from './frameSink.js';
import { guardedSink } from './guardedSink.js';
import { openH264Writer } from './h264Writer.js';
import { openStandardOutput } from './standardOutput.js';

/** The name of standard output. */
export const STANDARD_OUTPUT = '-';

/**
 * An .mp4 (H.264, 4:2:0, BT.709, limited range), or one on standard output.
 * Throws a TokenTrimError when the file cannot be written.
 */
export async function openMp4(
  path: string,
  format: VideoFormat,
  { force = false, from }: FrameSinkOptions = {},
): Promise<FrameSink> {
  const { width, height } = format;
  ensure(
    width % 2 === 0 && height % 2 === 0,
    `H.264 video needs an even width and height, but the frames are ${width}x${height}: choose another size, or a folder such as frames/ for PNG frames.`,
  );
  const output = await openOutput(path, { force, from });
  try {
    const writer = await openH264Writer(output, format, from);
    return guardedSink(writer, format, { path: output.path, encoder: 'h264' }, from);
  } catch (error) {
    await output.giveUp();
    throw error;
  }
}

async function openOutput(path: string, { force, from }: FrameSinkOptions): Promise<VideoOutput> {
  if (path !== STANDARD_OUTPUT) {
    const begun = from && { bytes: from.bytes, sha256: from.sha256 };
    return OutputFile.open(path, { force, makeFolders: true, isUsefulUnfinished: true, from: begun });
  }
  if (from) throw new LostOutputError('standard output');
  return openStandardOutput();
}

/** One line of `tokentrim doctor`: whether the encoder loads, and if not, why. */
export interface EncoderReport {
  name: string;
  available: boolean;
  detail: string;
}

/** Loads the encoder and says what it found. */
export async function availableEncoders(): Promise<EncoderReport[]> {
  const name = 'h264';
  try {
    const { createEncoder } = await import('./h264Group.js');
    (await createEncoder()).delete();
    return [{ name, available: true, detail: 'H.264 by h264-mp4-encoder, the same bytes on every machine' }];
  } catch (error) {
    return [{ name, available: false, detail: String(error).split('\n')[0] }];
  }
}
