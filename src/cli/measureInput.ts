import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ensure } from '../errors.js';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { latentMeter } from '../measures/latentMeter.js';
import type { LatentMeasures, VideoMeasures } from '../measures/videoMeasures.js';
import { videoMeter } from '../measures/videoMeter.js';
import { describePictures, openPictures } from '../media/openPictures.js';
import { openTensorSource } from '../node/model/openTensorSource.js';
import { areFinite } from '../tensor/notFinite.js';
import { type LatentsRequest, readLatents } from '../trace/readLatents.js';
import { startProgress } from './output.js';

/** How inputs are to be understood. */
export interface InputRequest extends LatentsRequest {
  readonly prompt?: string;
  /** Frames a second of what does not say so. */
  readonly fps?: number;
  readonly blockFrames: number;
  readonly patch: PatchSize;
}

/** Of the videos that Wan2.1 makes. */
const FPS = 16;
/** What files of tensors end in; all else is a video, or a folder of pictures. */
const TENSORS: readonly string[] = ['.safetensors', '.pt', '.pth', '.ckpt', '.bin'];

/** Measures a video, a folder of its frames, or its latents, from beginning to end. */
export async function measureInput(
  path: string,
  request: InputRequest,
  signal: AbortSignal,
): Promise<VideoMeasures | LatentMeasures> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  const isTensors = isFile && TENSORS.includes(extname(path).toLowerCase());
  return isTensors ? measureLatents(path, request, signal) : measureVideo(path, request, signal);
}

async function measureVideo(path: string, request: InputRequest, signal: AbortSignal): Promise<VideoMeasures> {
  const { kind, frames, width, height, fps, description } = await describePictures(path, undefined, { signal });
  ensure(
    kind !== 'image',
    `${path} is a single picture, and drift is over time: pass a video, a folder of its frames, or its latents.`,
  );
  const prompt = request.prompt ?? description;
  const meter = videoMeter({ width, height, fps: fps ?? request.fps ?? FPS, prompt });
  const progress = startProgress({ total: frames, label: 'frame' });
  const rgb = new Uint8Array(width * height * 3);
  let done = 0;
  try {
    for await (const picture of openPictures(path, { width, height, signal })) {
      for (let at = 0; at < rgb.length; at++) rgb[at] = Math.round((picture[at] + 1) * 127.5);
      meter.add(rgb);
      progress.update(++done);
    }
  } finally {
    progress.stop();
  }
  return meter.finish();
}

async function measureLatents(path: string, request: InputRequest, signal: AbortSignal): Promise<LatentMeasures> {
  const source = await openTensorSource(path);
  try {
    const { frames, shape, name, block } = await readLatents(source, request);
    const { blockFrames: framesPerBlock, patch, fps = FPS } = request;
    const meter = latentMeter({ shape, framesPerBlock, patch, fps });
    for (let frame = 0; frame < frames; frame++) {
      signal.throwIfAborted();
      const values = block(frame, 1);
      ensure(areFinite(values), `${path}: tensor "${name}": there is NaN or infinity in latent frame ${frame}.`);
      meter.add(values);
    }
    return meter.finish();
  } finally {
    await source.close();
  }
}
