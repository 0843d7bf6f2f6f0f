import { ensure, TokenTrimError } from '../errors.js';
import type { FrameSink, FrameWriter, VideoEncoderName, VideoFormat } from './frame.js';
import { guardedSink } from './guardedSink.js';

type OpenWriter = (path: string, format: VideoFormat) => Promise<FrameWriter>;

/** How to open a writer with each encoder, best first. The packages load only when they are asked for. */
const ENCODERS: Record<VideoEncoderName, OpenWriter> = {
  webcodecs: async (path, format) => (await import('./webCodecsWriter.js')).openWebCodecsWriter(path, format),
  wasm: async (path, format) => (await import('./wasmWriter.js')).openWasmWriter(path, format),
};

/**
 * An .mp4 (H.264, 4:2:0, BT.709, limited range). With `auto`, the first encoder that loads makes it; when none does,
 * the frames go to a folder of PNGs beside it and `note` says how to make the video.
 * Throws a TokenTrimError when the file cannot be written or the named encoder does not load.
 */
export async function openMp4(
  path: string,
  format: VideoFormat,
  encoder: 'auto' | VideoEncoderName = 'auto',
  encoders: Record<VideoEncoderName, OpenWriter> = ENCODERS,
): Promise<FrameSink> {
  const { width, height } = format;
  ensure(
    width % 2 === 0 && height % 2 === 0,
    `H.264 video needs an even width and height, but the frames are ${width}x${height}: choose another size, or a folder such as frames/ for PNG frames.`,
  );

  const names = encoder === 'auto' ? (Object.keys(encoders) as VideoEncoderName[]) : [encoder];
  const failures: string[] = [];
  for (const name of names) {
    try {
      return guardedSink(await encoders[name](path, format), format, { path, encoder: name });
    } catch (error) {
      // An output that cannot be written fails with every encoder: only what the encoder itself lacks is passed over.
      if (error instanceof TokenTrimError) throw error;
      failures.push(`${name}: ${firstLine(error)}`);
    }
  }
  ensure(
    encoder === 'auto',
    `The video encoder does not load (${failures.join('; ')}). Run "npm ci" again, or use another encoder.`,
  );

  const { openPngFrames } = await import('./pngFrames.js');
  const sink = await openPngFrames(path.replace(/\.mp4$/i, '-frames'), format);
  return { ...sink, note: `No video encoder loads here (${failures.join('; ')}). ${sink.note}` };
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
