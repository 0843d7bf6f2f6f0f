import { randomUUID } from 'node:crypto';
import type { H264MP4Encoder } from 'h264-mp4-encoder';
import { BufferSource, EncodedPacketSink, Input, MP4 } from 'mediabunny';
import { rgbaToI420 } from './color.js';
import type { VideoFormat } from './frame.js';

/** H.264's own scale, 10 (best that this encoder offers) to 51: 58 dB on a photograph, where 4:2:0 alone leaves 43. */
const QUANTIZER = 12;

/** Its fastest: a fifth of the time of its slowest, for files that are 2 to 5% larger (measured). */
const SPEED = 10;

/** Pictures that are decoded without any other, and what a decoder needs to know of them. */
export interface VideoGroup {
  /** H.264 in length-prefixed (avcC) form, a packet a picture; the first is a key frame and no other is. */
  readonly packets: readonly Uint8Array[];
  readonly decoderConfig: VideoDecoderConfig;
}

/** An encoder for one group. */
export interface GroupEncoder {
  /** @param rgba [height, width, 4] */
  add(rgba: Uint8Array): void;
  finish(): Promise<VideoGroup>;
  /** Frees it; what it holds is lost. */
  release(): void;
}

/**
 * H.264 through `h264-mp4-encoder` (minih264 in WebAssembly, one thread), a new encoder for every group: nothing that came
 * before is in its bytes, and the same pictures are the same bytes on every machine.
 */
export async function openGroup({ width, height, fps }: VideoFormat): Promise<GroupEncoder> {
  let encoder: H264MP4Encoder | undefined = await createEncoder();
  encoder.outputFilename = `${randomUUID()}.mp4`;
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = Math.max(1, Math.round(fps)); // only for its own file, which is not kept
  encoder.quantizationParameter = QUANTIZER;
  encoder.speed = SPEED;
  encoder.groupOfPictures = groupFrames(fps);
  encoder.initialize();

  /** Ends the encoder and returns its file, which leaves the memory that all encoders share. */
  function takeFile(): Uint8Array {
    if (!encoder) throw new Error('the encoder was given back');
    const { FS, outputFilename } = encoder;
    encoder.finalize();
    const bytes = FS.readFile(outputFilename) as Uint8Array;
    FS.unlink(outputFilename);
    encoder.delete();
    encoder = undefined;
    return bytes;
  }

  return {
    add: (rgba) => encoder?.addFrameYuv(rgbaToI420(rgba, width, height)),
    finish: () => readGroup(takeFile()),
    release() {
      if (encoder) takeFile();
    },
  };
}

/** Frames of a group: half a second, and so what a killed run loses at most; two at least, or key frames would follow one another. */
export function groupFrames(fps: number): number {
  return Math.min(30, Math.max(2, Math.round(fps / 2)));
}

/** Before each unit of a packet comes its length; the unit's first five bits say its type: 5 is a slice of a key frame. */
const LENGTH_BYTES = 4;
const IDR = 5;

/** The packets of the encoder's own .mp4, which says neither the colour space, nor an exact frame rate, nor which are keys. */
async function readGroup(bytes: Uint8Array): Promise<VideoGroup> {
  using input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const track = (await input.getPrimaryVideoTrack())!;
  const found = (await track.getDecoderConfig())!;
  const colorSpace = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
  const packets: Uint8Array[] = [];
  for await (const { data } of new EncodedPacketSink(track).packets()) {
    const isKey = (data[LENGTH_BYTES] & 31) === IDR;
    if (isKey !== (packets.length === 0)) throw new Error(`picture ${packets.length} of a group begins another`);
    packets.push(data);
  }
  return { packets, decoderConfig: { ...found, colorSpace } };
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
