import { randomUUID } from 'node:crypto';
import type { H264MP4Encoder } from 'h264-mp4-encoder';
import { BufferSource, EncodedPacketSink, Input, MP4 } from 'mediabunny';
import { rgbaToI420 } from './color.js';
import { fragmentedMp4, keyFrameInterval } from './fragmentedMp4.js';
import type { FrameWriter, VideoFormat, VideoOutput } from './frame.js';

/** H.264's own scale, 10 (best that this encoder offers) to 51. */
const QUANTIZER = 12;

/**
 * H.264 through `h264-mp4-encoder` (minih264 in WebAssembly): no native code, but the whole video stays in memory until
 * `finish`. Its packets go through our own muxer, because its
 * .mp4 says neither the colour space nor an exact frame rate.
 */
export async function openWasmWriter(file: VideoOutput, format: VideoFormat): Promise<FrameWriter> {
  const { width, height, fps } = format;
  let encoder: H264MP4Encoder | undefined = await createEncoder();
  encoder.outputFilename = `${randomUUID()}.mp4`;
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = Math.max(1, Math.round(fps)); // only for its own file, which is not kept
  encoder.quantizationParameter = QUANTIZER;
  encoder.groupOfPictures = keyFrameInterval(fps);
  encoder.initialize();

  /** Ends the encoder and returns its file, which leaves the memory that all encoders share. */
  function takeFile(): Uint8Array | undefined {
    if (!encoder) return undefined;
    const { FS, outputFilename } = encoder;
    encoder.finalize();
    const bytes = FS.readFile(outputFilename) as Uint8Array;
    FS.unlink(outputFilename);
    encoder.delete();
    encoder = undefined;
    return bytes;
  }

  return {
    async write({ rgba }) {
      encoder?.addFrameYuv(rgbaToI420(rgba, width, height));
    },
    async finish(isEarly) {
      await remux(takeFile()!, file, format);
      return isEarly ? file.finishEarly() : file.finish();
    },
    async release() {
      takeFile();
      return file.giveUp();
    },
  };
}

/** Loads the encoder. Emscripten adds process-wide handlers for crashes of its own; a library must not keep those. */
export async function createEncoder(): Promise<H264MP4Encoder> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  // The package is one CommonJS bundle whose names Node cannot see from outside.
  const { default: bundle } = (await import('h264-mp4-encoder')) as unknown as {
    default: typeof import('h264-mp4-encoder');
  };
  const encoder = await bundle.createH264MP4Encoder();
  events.forEach((event, at) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[at].has(listener)) process.removeListener(event, listener);
    }
  });
  return encoder;
}

async function remux(bytes: Uint8Array, file: VideoOutput, format: VideoFormat): Promise<void> {
  using input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const track = (await input.getPrimaryVideoTrack())!;
  const found = (await track.getDecoderConfig())!;
  const colorSpace = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
  const mp4 = fragmentedMp4(file, format);
  try {
    let index = 0;
    for await (const { data, type } of new EncodedPacketSink(track).packets()) {
      await mp4.add({ data, key: type === 'key', index: index++, decoderConfig: { ...found, colorSpace } });
    }
    await mp4.finish();
  } finally {
    await mp4.release().catch(() => undefined);
  }
}
