import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from '@napi-rs/webcodecs';
import { type EncodedPacket, EncodedPacketSink, FilePathSource, Input, MP4 } from 'mediabunny';

export interface VideoFile {
  codec: string | null;
  width: number;
  height: number;
  timestamps: number[];
  durations: number[];
  packets: EncodedPacket[];
  decoderConfig: VideoDecoderConfig;
  colorSpace: VideoColorSpaceInit | undefined;
  /** I420 planes of each frame, where `decode` was asked for. */
  pictures: Uint8Array[];
}

/** Reads an .mp4 with mediabunny's own parser and, with `decode`, its pictures with @napi-rs/webcodecs. */
export async function readVideo(path: string, { decode = false } = {}): Promise<VideoFile> {
  using input = new Input({ source: new FilePathSource(path), formats: [MP4] });
  const track = (await input.getPrimaryVideoTrack())!;
  const config = (await track.getDecoderConfig())!;
  const packets: EncodedPacket[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);

  const pictures: Uint8Array[] = [];
  if (decode) {
    const frames: VideoFrame[] = [];
    const failures: Error[] = [];
    const decoder = new VideoDecoder({ output: (frame) => frames.push(frame), error: (error) => failures.push(error) });
    decoder.configure({ codec: config.codec, description: config.description as Uint8Array });
    for (const { type, microsecondTimestamp, data } of packets) {
      decoder.decode(new EncodedVideoChunk({ type, timestamp: microsecondTimestamp, data }));
    }
    await decoder.flush();
    decoder.close();
    if (failures.length > 0) throw failures[0];
    for (const frame of frames) {
      const planes = new Uint8Array(frame.allocationSize());
      await frame.copyTo(planes);
      pictures.push(planes);
      frame.close();
    }
  }

  return {
    codec: track.codec,
    width: config.codedWidth!,
    height: config.codedHeight!,
    timestamps: packets.map(({ timestamp }) => timestamp),
    durations: packets.map(({ duration }) => duration),
    packets,
    decoderConfig: config,
    colorSpace: config.colorSpace,
    pictures,
  };
}
