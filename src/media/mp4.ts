import { ensure } from '../errors.js';
import { OutputFile } from '../node/files/outputFile.js';
import type { FrameSink, FrameWriter, VideoEncoderName, VideoFormat, VideoOutput } from './frame.js';
import { guardedSink } from './guardedSink.js';
import { openStandardOutput } from './standardOutput.js';

type OpenWriter = (output: VideoOutput, format: VideoFormat) => Promise<FrameWriter>;

/** The name of standard output. */
export const STANDARD_OUTPUT = '-';

/** How to open a writer with each encoder, best first. The packages load only when they are asked for. */
const ENCODERS: Record<VideoEncoderName, OpenWriter> = {
  webcodecs: async (output, format) => (await import('./webCodecsWriter.js')).openWebCodecsWriter(output, format),
  wasm: async (output, format) => (await import('./wasmWriter.js')).openWasmWriter(output, format),
};

/**
 * An .mp4 (H.264, 4:2:0, BT.709, limited range), or one on standard output. With `auto`, the first encoder that loads makes
 * it; when none does, the frames go to a folder of PNGs beside it and `note` says how to make the video.
 * Throws a TokenTrimError when the file cannot be written or the named encoder does not load.
 */
export async function openMp4(
  path: string,
  format: VideoFormat,
  encoder: 'auto' | VideoEncoderName = 'auto',
  encoders: Record<VideoEncoderName, OpenWriter> = ENCODERS,
  force = false,
): Promise<FrameSink> {
  const { width, height } = format;
  ensure(
    width % 2 === 0 && height % 2 === 0,
    `H.264 video needs an even width and height, but the frames are ${width}x${height}: choose another size, or a folder such as frames/ for PNG frames.`,
  );

  const output: VideoOutput =
    path === STANDARD_OUTPUT
      ? openStandardOutput()
      : await OutputFile.open(path, { force, makeFolders: true, isUsefulUnfinished: true });
  const names = encoder === 'auto' ? (Object.keys(encoders) as VideoEncoderName[]) : [encoder];
  const failures: string[] = [];
  for (const name of names) {
    try {
      return guardedSink(await encoders[name](output, format), format, { path: output.path, encoder: name });
    } catch (error) {
      failures.push(`${name}: ${firstLine(error)}`);
    }
  }
  await output.giveUp();
  const problem = failures.join('; ');
  ensure(
    encoder === 'auto',
    `The video encoder does not load (${problem}). Run "npm ci" again, or use another encoder.`,
  );
  ensure(
    path !== STANDARD_OUTPUT,
    `No video encoder loads here (${problem}): choose a folder such as frames/ for PNG frames in the place of standard output.`,
  );
  const { openPngFrames } = await import('./pngFrames.js');
  const sink = await openPngFrames(path.replace(/\.mp4$/i, '-frames'), format, force);
  return Object.create(sink, { note: { value: `No video encoder loads here (${problem}). ${sink.note}` } });
}

/** One line of `tokentrim doctor`: whether the encoder loads, and if not, why. */
export interface EncoderReport {
  name: VideoEncoderName;
  available: boolean;
  detail: string;
}

/** Loads each encoder and says what it found, in the order in which `auto` tries them. */
export async function availableEncoders(): Promise<EncoderReport[]> {
  return Promise.all([
    report('webcodecs', 'H.264 by @napi-rs/webcodecs, written while it is generated', async () => {
      const { webCodecsConfig } = await import('./webCodecsWriter.js');
      const { VideoEncoder } = await import('@napi-rs/webcodecs');
      const { supported } = await VideoEncoder.isConfigSupported(webCodecsConfig({ width: 64, height: 64, fps: 16 }));
      if (!supported) throw new Error('it loads, but has no H.264 encoder');
    }),
    report('wasm', 'H.264 by h264-mp4-encoder, held in memory until the end', async () => {
      const { createEncoder } = await import('./wasmWriter.js');
      (await createEncoder()).delete();
    }),
  ]);
}

async function report(name: VideoEncoderName, detail: string, load: () => Promise<void>): Promise<EncoderReport> {
  try {
    await load();
    return { name, available: true, detail };
  } catch (error) {
    return { name, available: false, detail: firstLine(error) };
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
