import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from './collectGarbage.js';
import { rgbaToI420 } from './color.js';
import { fragmentedMp4, keyFrameInterval } from './fragmentedMp4.js';
import type { FrameWriter, VideoFormat, VideoOutput } from './frame.js';

/** Frames handed to the encoder and not yet returned: few, so that memory stays flat and a kill loses little. */
const QUEUE = 2;

/** Milliseconds to wait for a frame to return. x264 is set to no delay; an encoder that looks ahead may keep more. */
const PATIENCE = 50;

/**
 * Bytes of closed pictures to let wait. `VideoFrame.close` of @napi-rs/webcodecs 1.3.1 keeps the pixels until the object
 * is collected, and V8 does not see their size: without this, each 832x480 frame adds 0.75 MB (measured).
 */
const CLOSED_BYTES = 4 * 2 ** 20;

const COLOR_SPACE = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;

/**
 * H.264 through `@napi-rs/webcodecs` (x264), written while it is encoded. The package is optional: this throws when it
 * is not installed or does not load. It is fed I420, because from RGBA it makes full-range yuvj420p.
 */
export async function openWebCodecsWriter(file: VideoOutput, format: VideoFormat): Promise<FrameWriter> {
  const { width, height, fps } = format;
  const { VideoEncoder, VideoFrame } = await import('@napi-rs/webcodecs');
  const config = webCodecsConfig(format);
  const { supported } = await VideoEncoder.isConfigSupported(config);
  if (!supported) throw new Error(`@napi-rs/webcodecs has no H.264 encoder for ${width}x${height} here`);

  const mp4 = fragmentedMp4(file, format);
  const interval = keyFrameInterval(fps);
  let failure: Error | undefined;
  let muxed = Promise.resolve();
  let given = 0;
  let returned = 0;
  let closedBytes = 0;

  const encoder = new VideoEncoder({
    output(chunk, metadata) {
      returned++;
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      const index = Math.round((chunk.timestamp * fps) / 1e6);
      const decoderConfig = metadata?.decoderConfig as VideoDecoderConfig | undefined;
      muxed = muxed
        .then(() => mp4.add({ data, key: chunk.type === 'key', index, decoderConfig }))
        .catch((error: Error) => {
          failure ??= error;
        });
    },
    error(error) {
      failure ??= error;
    },
  });

  async function settle(): Promise<void> {
    await muxed;
    if (failure) throw failure;
  }

  try {
    encoder.configure(config);
  } catch (error) {
    encoder.close();
    throw error;
  }

  return {
    async write({ rgba }, index) {
      const planes = rgbaToI420(rgba, width, height);
      const picture = new VideoFrame(planes, {
        format: 'I420',
        codedWidth: width,
        codedHeight: height,
        timestamp: Math.round((index * 1e6) / fps),
        duration: Math.round(1e6 / fps),
        colorSpace: COLOR_SPACE,
      });
      encoder.encode(picture, { keyFrame: index % interval === 0 });
      picture.close();
      given++;
      closedBytes += planes.byteLength;
      for (let waited = 0; !failure && encoder.state === 'configured'; waited++) {
        if (encoder.encodeQueueSize < QUEUE && (given - returned < QUEUE || waited >= PATIENCE)) break;
        await sleep(1);
      }
      await settle();
      if (closedBytes > CLOSED_BYTES) {
        closedBytes = 0;
        collectGarbage();
        await sleep(0); // finalizers run between turns of the event loop
      }
    },
    async finish(isEarly) {
      await encoder.flush();
      await settle();
      if (returned !== given) throw new Error(`the encoder returned ${returned} of ${given} frames`);
      await mp4.finish();
      return isEarly ? file.finishEarly() : file.finish();
    },
    async release() {
      if (encoder.state !== 'closed') encoder.close();
      await muxed;
      await mp4.release().catch(() => undefined);
      return file.giveUp();
    },
  };
}

/**
 * Software encoding everywhere, so that every machine makes the same picture. Quantizer mode would be simpler than a
 * bitrate, but `@napi-rs/webcodecs` 1.3.1 ignores the H.264 quantizer and always encodes at x264's CRF 23.
 */
export function webCodecsConfig({ width, height, fps }: VideoFormat) {
  return {
    codec: 'avc1.640028',
    width,
    height,
    framerate: fps,
    bitrate: bitrateFor({ width, height, fps }),
    bitrateMode: 'variable',
    latencyMode: 'quality',
    hardwareAcceleration: 'prefer-software',
    avc: { format: 'avc' },
  } as const;
}

/** Bits per second: one for each pixel, and never below 1 Mbit/s, because small pictures repeat little of themselves. */
function bitrateFor({ width, height, fps }: VideoFormat): number {
  return Math.round(Math.max(1_000_000, width * height * fps));
}
