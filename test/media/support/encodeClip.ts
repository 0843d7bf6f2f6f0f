import { type EncodedVideoChunk, VideoEncoder, VideoFrame } from '@napi-rs/webcodecs';
import {
  EncodedPacket,
  EncodedVideoPacketSource,
  FilePathTarget,
  type MkvOutputFormat,
  type MovOutputFormat,
  type Mp4OutputFormat,
  Output,
  type Rotation,
  type WebMOutputFormat,
} from 'mediabunny';

/** A video that the program would not make itself. */
export interface Clip {
  readonly format: Mp4OutputFormat | MovOutputFormat | WebMOutputFormat | MkvOutputFormat;
  readonly codec?: 'avc' | 'vp8' | 'vp9';
  /** Seconds at which the pictures are shown. */
  readonly times: readonly number[];
  readonly planes: (index: number) => Uint8Array;
  readonly colorSpace?: object;
  readonly rotation?: Rotation;
  readonly size: { width: number; height: number };
}

const CODECS = { avc: 'avc1.640028', vp8: 'vp8', vp9: 'vp09.00.10.08' } as const;

/** Encodes a clip with @napi-rs/webcodecs and writes it with mediabunny. */
export async function encodeClip(path: string, clip: Clip): Promise<void> {
  const { format, codec = 'avc', times, planes, colorSpace, rotation, size } = clip;
  const chunks: { chunk: EncodedVideoChunk; config: VideoDecoderConfig | undefined }[] = [];
  const encoder = new VideoEncoder({
    output: (chunk, metadata) =>
      chunks.push({ chunk, config: metadata?.decoderConfig as VideoDecoderConfig | undefined }),
    error(error) {
      throw error;
    },
  });
  encoder.configure({
    codec: CODECS[codec],
    ...{ width: size.width, height: size.height, bitrate: 4_000_000, framerate: 16 },
    ...(codec === 'avc' ? { avc: { format: 'avc' } } : {}),
  } as never);
  for (const [index, time] of times.entries()) {
    const timestamp = Math.round(time * 1e6);
    const init = { format: 'I420', codedWidth: size.width, codedHeight: size.height, timestamp, colorSpace } as const;
    const picture = new VideoFrame(planes(index), init as never);
    encoder.encode(picture, { keyFrame: index % 8 === 0 });
    picture.close();
  }
  await encoder.flush();
  encoder.close();

  const output = new Output({ format, target: new FilePathTarget(path) });
  const source = new EncodedVideoPacketSource(codec);
  output.addVideoTrack(source, { rotation });
  await output.start();
  for (const [index, { chunk, config }] of chunks.entries()) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const duration =
      (times[index + 1] ?? 2 * times[index] - (times[index - 1] ?? times[index] - 1 / 16)) - times[index];
    const packet = new EncodedPacket(data, chunk.type as 'key' | 'delta', chunk.timestamp / 1e6, duration);
    const { codedWidth = size.width, codedHeight = size.height } = config ?? {};
    await source.add(packet, config && { decoderConfig: { ...config, codedWidth, codedHeight, colorSpace } });
  }
  await output.finalize();
}
