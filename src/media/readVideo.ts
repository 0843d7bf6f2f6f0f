import { setTimeout as sleep } from 'node:timers/promises';
import type { VideoFrame } from '@napi-rs/webcodecs';
import { EncodedPacketSink } from 'mediabunny';
import { ensure, TokenTrimError } from '../errors.js';
import { codecName } from './codecNames.js';
import { collectGarbage } from './collectGarbage.js';
import { decodedPicture, presentation } from './decodedPicture.js';
import type { PictureSize } from './fitPicture.js';
import { LONGEST_DESCRIPTION } from './readImage.js';
import { rateOf, readVideoTimes, showAt } from './readVideoTimes.js';
import { convertVideo } from './recogniseFile.js';
import { damagedVideo, findTrack, type OpenTrack, openInput, trackColor, withTrack } from './videoTrack.js';

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
 * A video's size as it is shown, its own frame rate, its number of pictures (at `fps`, where given), and what it says that it
 * shows. Undefined where a file is no mp4, mov, webm or mkv. Nothing is decoded.
 * @throws TokenTrimError where the container is damaged, or has no pictures in it
 */
export async function describeVideo(
  path: string,
  fps?: number,
  alive?: () => void,
): Promise<(PictureSize & { fps: number; frames: number; description?: string }) | undefined> {
  return withTrack(path, async ({ track, fileSize }) => {
    const times = await readVideoTimes(track, fileSize, alive);
    ensure(times.timestamps.length > 0, `Cannot read ${path}: there is not a single picture in the video.`);
    const frames = showAt(times, fps).reduce((count, { copies }) => count + copies, 0);
    const size = { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
    return { ...size, fps: rateOf(times), frames, ...(await descriptionOf(track)) };
  });
}

/** What a video says that it shows, which of those made here is the prompt; nothing where it says nothing, or cannot. */
async function descriptionOf({ input }: OpenTrack['track']): Promise<{ description?: string }> {
  const { description } = await input.getMetadataTags().catch(() => ({ description: undefined }));
  return description ? { description: description.slice(0, LONGEST_DESCRIPTION) } : {};
}

/**
 * Decodes a video picture by picture, from the key frame before the first that is wanted on.
 * @param alive called after each packet
 * @returns pictures [size.height, size.width, 3], 0 ... 255
 * @throws TokenTrimError where the decoder (an optional package) is missing or does not know the codec, or the file is
 *   damaged or cut off
 */
export async function* readVideo(
  path: string,
  size: PictureSize,
  range: VideoRange = {},
  alive?: () => void,
): AsyncGenerator<Uint8Array> {
  const webCodecs = await loadDecoder(path);
  using input = openInput(path);
  try {
    yield* decodeTrack(webCodecs, path, await findTrack(path, input), size, range, alive);
  } catch (error) {
    throw damagedVideo(path, error);
  }
}

async function* decodeTrack(
  { EncodedVideoChunk, VideoDecoder }: typeof import('@napi-rs/webcodecs'),
  path: string,
  opened: OpenTrack,
  size: PictureSize,
  { fps, skip = 0, maxFrames = Number.POSITIVE_INFINITY }: VideoRange,
  alive?: () => void,
): AsyncGenerator<Uint8Array> {
  const { track, fileSize } = opened;
  const config = await track.getDecoderConfig();
  const { supported = false } = config ? await VideoDecoder.isConfigSupported(config as never) : {};
  const name = codecName(
    track.codec === null ? track.internalCodecId?.toString() : await track.getCodecParameterString(),
  );
  ensure(
    config && supported,
    `Cannot read ${path}: the codec ${name} is not one that can be decoded here. Convert it first, for instance with ` +
      convertVideo(path),
  );

  const copies = new Map<number, number>(); // by timestamp: how often a picture is wanted, the others left out
  let passed = 0;
  for (const { timestamp, copies: count } of showAt(await readVideoTimes(track, fileSize, alive), fps)) {
    const wanted = Math.min(passed + count, skip + maxFrames) - Math.max(passed, skip);
    if (wanted > 0) copies.set(timestamp, wanted + (copies.get(timestamp) ?? 0));
    passed += count;
  }
  const [firstTime] = copies.keys();
  if (firstTime === undefined) return;

  let color: Awaited<ReturnType<typeof trackColor>>;
  const decoded: VideoFrame[] = [];
  let failure: Error | undefined;
  const decoder = new VideoDecoder({
    output: (frame) => decoded.push(frame),
    error(error) {
      failure ??= error;
    },
  });
  const shown = await presentation(track);
  let closedBytes = 0;

  /** Takes what the decoder has finished. */
  async function* finished(): AsyncGenerator<Uint8Array> {
    if (failure) throw failure;
    for (let frame = decoded.shift(); frame; frame = decoded.shift()) {
      const wanted = copies.get(frame.timestamp) ?? 0;
      copies.delete(frame.timestamp);
      const picture = wanted > 0 ? await decodedPicture(frame, path, color, shown, size) : undefined;
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
    const sink = new EncodedPacketSink(track);
    const from = (await sink.getKeyPacket(firstTime / 1e6)) ?? (await sink.getFirstKeyPacket());
    ensure(
      from,
      `Cannot read ${path}: there is no picture in it that stands alone, to begin from. It is damaged or cut off.`,
    );
    color = await trackColor(path, opened, from);
    decoder.configure(config as never);
    for await (const { type, microsecondTimestamp, data } of sink.packets(from)) {
      if (copies.size === 0) return;
      alive?.();
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
    if (!failure) await sleep(1); // the decoder's own reason comes after what it refused
    throw error instanceof TokenTrimError ? error : (failure ?? error);
  } finally {
    for (const frame of decoded) frame.close();
    if (decoder.state !== 'closed') decoder.close();
  }
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
