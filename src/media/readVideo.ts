import { setTimeout as sleep } from 'node:timers/promises';
import type { VideoFrame } from '@napi-rs/webcodecs';
import { EncodedPacketSink, FilePathSource, Input, type InputVideoTrack, MATROSKA, MP4, QTFF, WEBM } from 'mediabunny';
import sharp, { type Sharp } from 'sharp';
import { ensure, TokenTrimError } from '../errors.js';
import { collectGarbage } from './collectGarbage.js';
import { fitPicture, type PictureSize } from './fitPicture.js';
import { planesToRgb } from './readVideoColor.js';
import { rateOf, readVideoTimes, showAt } from './readVideoTimes.js';

/** Packets given to the decoder and not yet taken by it: few, so that memory stays flat. */
const QUEUE = 4;

/** Bytes of closed pictures to let wait, as in webCodecsWriter.ts: the decoder's pictures outlive `close` until collected. */
const CLOSED_BYTES = 16 * 2 ** 20;

/** Which pictures of a video to read. */
export interface VideoRange {
  /** Frames per second of the result; absent, the pictures are taken as they are. */
  readonly fps?: number;
  /** Pictures to pass over, and then to read, of the result. */
  readonly skip?: number;
  readonly maxFrames?: number;
}

/**
 * A video's size as it is shown, its own frame rate, and its number of pictures (at `fps`, where given). Undefined where a
 * file is no mp4, mov, webm or mkv. Nothing is decoded.
 * @throws TokenTrimError where the container is damaged, or has no pictures in it
 */
export async function describeVideo(
  path: string,
  fps?: number,
): Promise<(PictureSize & { fps: number; frames: number }) | undefined> {
  return withTrack(path, async (track) => {
    const times = await readVideoTimes(track);
    ensure(times.timestamps.length > 0, `Cannot read ${path}: there is not a single picture in the video.`);
    const frames = showAt(times, fps).reduce((count, { copies }) => count + copies, 0);
    return { width: await track.getDisplayWidth(), height: await track.getDisplayHeight(), fps: rateOf(times), frames };
  });
}

/**
 * Decodes a video picture by picture, from the key frame before the first that is wanted on.
 * @returns pictures [size.height, size.width, 3], -1 ... 1
 * @throws TokenTrimError where the decoder (an optional package) is missing or does not know the codec, or the file is
 *   damaged or cut off
 */
export async function* readVideo(
  path: string,
  size: PictureSize,
  { fps, skip = 0, maxFrames = Number.POSITIVE_INFINITY }: VideoRange = {},
): AsyncGenerator<Float32Array> {
  const { EncodedVideoChunk, VideoDecoder } = await loadDecoder(path);
  using input = openInput(path);
  const track = await videoTrack(path, input);
  const config = await track.getDecoderConfig();
  const { supported = false } = config ? await VideoDecoder.isConfigSupported(config as never) : {};
  ensure(
    config && supported,
    `Cannot read ${path}: the codec ${(await track.getCodecParameterString()) ?? 'in it'} is not one that can be decoded ` +
      'here. Convert it to H.264 first.',
  );

  const copies = new Map<number, number>(); // by timestamp: how often a picture is wanted, the others left out
  let passed = 0;
  for (const { timestamp, copies: count } of showAt(await readVideoTimes(track), fps)) {
    const wanted = Math.min(passed + count, skip + maxFrames) - Math.max(passed, skip);
    if (wanted > 0) copies.set(timestamp, wanted + (copies.get(timestamp) ?? 0));
    passed += count;
  }
  const [firstTime] = copies.keys();
  if (firstTime === undefined) return;

  const decoded: VideoFrame[] = [];
  let failure: Error | undefined;
  const decoder = new VideoDecoder({
    output: (frame) => decoded.push(frame),
    error(error) {
      failure ??= error;
    },
  });
  const shown = {
    width: await track.getSquarePixelWidth(),
    height: await track.getSquarePixelHeight(),
    rotation: await track.getRotation(),
    flip: await track.getFlip(),
  };
  let closedBytes = 0;

  /** Takes what the decoder has finished. */
  async function* finished(): AsyncGenerator<Float32Array> {
    if (failure) throw damaged(path, failure);
    for (let frame = decoded.shift(); frame; frame = decoded.shift()) {
      const wanted = copies.get(frame.timestamp) ?? 0;
      copies.delete(frame.timestamp);
      const picture = wanted > 0 ? await toPicture(frame, path, shown, size) : undefined;
      closedBytes += frame.allocationSize();
      frame.close();
      for (let copy = 0; picture && copy < wanted; copy++) yield picture;
    }
    if (closedBytes > CLOSED_BYTES) {
      closedBytes = 0;
      collectGarbage();
      await sleep(0); // finalizers run between turns of the event loop
    }
  }

  try {
    decoder.configure(config as never);
    const sink = new EncodedPacketSink(track);
    const from = (await sink.getKeyPacket(firstTime / 1e6)) ?? (await sink.getFirstKeyPacket());
    for await (const { type, microsecondTimestamp, data } of sink.packets(from ?? undefined)) {
      if (copies.size === 0) return;
      decoder.decode(new EncodedVideoChunk({ type, timestamp: microsecondTimestamp, data }));
      while (!failure && decoder.decodeQueueSize >= QUEUE) await sleep(1);
      yield* finished();
    }
    if (copies.size === 0) return;
    await decoder.flush();
    yield* finished();
    ensure(
      copies.size === 0,
      `Cannot read ${path}: ${copies.size} of its pictures do not decode. It is damaged or cut off.`,
    );
  } catch (error) {
    throw damaged(path, failure ?? error);
  } finally {
    for (const frame of decoded) frame.close();
    if (decoder.state !== 'closed') decoder.close();
  }
}

/** How a track's pictures are shown: the size that makes their pixels square, then turned clockwise, then mirrored. */
interface Presentation extends PictureSize {
  readonly rotation: number;
  readonly flip: boolean;
}

/** A decoded picture as it is shown, at the wanted size. */
async function toPicture(
  frame: VideoFrame,
  path: string,
  shown: Presentation,
  size: PictureSize,
): Promise<Float32Array> {
  const data = new Uint8Array(frame.allocationSize());
  const planes = await frame.copyTo(data);
  const { codedWidth: width, codedHeight: height, colorSpace, format } = frame;
  const { matrix, fullRange } = colorSpace;
  const rgb = planesToRgb({ format: format ?? 'unknown', width, height, data, planes, matrix, fullRange }, path);
  let picture = sharp(rgb, { raw: { width, height, channels: 3 } });
  if (shown.width !== width || shown.height !== height) {
    picture = await rawPicture(picture.resize({ width: shown.width, height: shown.height, fit: 'fill' }));
  }
  if (shown.rotation !== 0) picture = await rawPicture(picture.rotate(shown.rotation));
  if (shown.flip) picture = await rawPicture(picture.flop());
  return fitPicture(picture, size);
}

/** The result of one step: sharp has its own order for several. */
async function rawPicture(picture: Sharp): Promise<Sharp> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}

async function loadDecoder(path: string): Promise<typeof import('@napi-rs/webcodecs')> {
  try {
    return await import('@napi-rs/webcodecs');
  } catch (error) {
    throw new TokenTrimError(
      `Cannot read ${path}: videos are decoded by the optional package @napi-rs/webcodecs, which does not load here ` +
        `(${(error as Error).message.split('\n')[0]}). Run "npm ci" again, or make a folder of pictures of it and pass that: ` +
        `ffmpeg -i "${path}" frames/frame-%05d.png`,
      { cause: error },
    );
  }
}

function openInput(path: string): Input {
  return new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, WEBM, MATROSKA] });
}

/** Runs `body` on a file's video track; undefined where the file is no video at all. */
async function withTrack<Result>(
  path: string,
  body: (track: InputVideoTrack) => Promise<Result>,
): Promise<Result | undefined> {
  using input = openInput(path);
  // On a file of a few bytes mediabunny fails an assertion where it should say no.
  const isVideo = await input.canRead().catch(() => false);
  if (!isVideo) return undefined;
  try {
    return await body(await videoTrack(path, input));
  } catch (error) {
    throw damaged(path, error);
  }
}

async function videoTrack(path: string, input: Input): Promise<InputVideoTrack> {
  const track = await input.getPrimaryVideoTrack();
  ensure(track, `Cannot read ${path}: there are no pictures in it, perhaps only sound.`);
  return track;
}

function damaged(path: string, error: unknown): Error {
  if (error instanceof TokenTrimError) return error;
  const reason = (error as Error).message.split('\n')[0];
  return new TokenTrimError(`Cannot read ${path}: the video is damaged or cut off (${reason}).`, { cause: error });
}
