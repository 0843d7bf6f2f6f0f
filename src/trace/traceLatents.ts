import { ensure } from '../errors.js';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { withDefaults } from '../options/checkOptions.js';
import type { StopSignal } from '../options/stopSignal.js';
import type { Device } from '../tensor/device.js';
import { areFinite } from '../tensor/notFinite.js';
import { TRIM_DEFAULTS, type TrimOptions, trimPolicy } from '../tokentrim/trimPolicy.js';
import { PROGRAM } from '../version.js';
import { driftRef } from './fileNames.js';
import type { ReviewEvent, TracedVideo } from './format.js';
import type { FileLatents } from './readLatents.js';
import type { TraceSink } from './traceSink.js';

export interface LatentsTraceOptions {
  /** What the trace is called: the file's name. */
  readonly title: string;
  /** Latent frames of a block (default: 3). */
  readonly framesPerBlock?: number;
  /** The DiT's patch, which defines a token (default: 2x2). */
  readonly patch?: PatchSize;
  readonly trim?: Partial<TrimOptions>;
  readonly signal?: StopSignal;
}

/** Latent frames that Self-Forcing and Rolling Forcing make at a time. */
const FRAMES_PER_BLOCK = 3;
const PATCH: PatchSize = { height: 2, width: 2 };

/**
 * What TokenTrim would have seen in the latents of another pipeline, as a trace: every block is accepted, and its review
 * says drift, severity and threshold. Frames past the last whole block are left out, with a note.
 * @returns the reviews, one a block; the trace has no end yet, which is the caller's to write
 * @throws TokenTrimError where the latents have no two blocks, do not split into patches, or hold NaN or infinity
 */
export async function traceLatents(
  device: Device,
  latents: FileLatents,
  sink: TraceSink,
  options: LatentsTraceOptions,
): Promise<ReviewEvent[]> {
  const { framesPerBlock = FRAMES_PER_BLOCK, patch = PATCH, title, signal } = options;
  const { name, frames, shape } = latents;
  const [channels, height, width] = shape;
  const at = `${title}: tensor "${name}", ${frames} latent ${frames === 1 ? 'frame' : 'frames'} of ${height}x${width}`;
  const blocks = Math.floor(frames / framesPerBlock);
  ensure(
    blocks >= 2,
    `${at}: drift is between blocks, and ${framesPerBlock} frames each make ${blocks}. Use a smaller \`framesPerBlock\`.`,
  );
  ensure(
    height % patch.height === 0 && width % patch.width === 0,
    `${at}: they do not split into patches of ${patch.height}x${patch.width}. Say the DiT's own with \`patch\`.`,
  );
  const trim = withDefaults(TRIM_DEFAULTS, options.trim ?? {});
  const policy = trimPolicy(patch, trim);
  const grid = { height: height / patch.height, width: width / patch.width };
  const start = performance.now();
  const clock = () => (performance.now() - start) / 1000;
  const video: TracedVideo = {
    ...{ method: 'latents', title, model: null, seed: null, grid, blocks, calls: 0, framesPerBlock },
    ...{ given: 0, sink: 0, window: null, steps: [], trim, pictures: null },
  };
  const date = new Date().toISOString();
  await sink.event({ kind: 'begin', at: 0, version: 1, program: PROGRAM, date, video, plan: null, adapter: null });
  const left = frames % framesPerBlock;
  if (left > 0)
    await sink.event({
      kind: 'note',
      at: clock(),
      text: `of ${frames} latent frames, the last ${left === 1 ? 'makes' : `${left} make`} no block and ${left === 1 ? 'was' : 'were'} left out`,
    });
  const reviews: ReviewEvent[] = [];
  try {
    for (let block = 0; block < blocks; block++) {
      signal?.throwIfAborted();
      const began = clock();
      const firstFrame = block * framesPerBlock;
      const values = latents.block(firstFrame, framesPerBlock);
      ensure(
        areFinite(values),
        `${at}: there is NaN or infinity in block ${block}, among frames ${firstFrame} to ${firstFrame + framesPerBlock - 1}.`,
      );
      const candidate = device.upload(values, [framesPerBlock, channels, height, width]);
      await policy.review(block, candidate);
      const { severity, mean, std, threshold, unstable, drift } = await policy.accept(block, candidate);
      const { bytes: memory } = device.memory;
      candidate.dispose();
      const ref = driftRef(block, 0);
      if (drift) {
        const drifts = Float32Array.from(drift);
        await sink.tensors(ref.file, [
          { name: ref.name, shape: [grid.height, grid.width], dtype: 'f16', values: drifts },
        ]);
      }
      const review: ReviewEvent = {
        ...{ kind: 'review', at: clock(), block, attempt: 0, severity, mean, std, threshold, unstable },
        ...{ pruned: null, drift: drift && ref },
      };
      await sink.event(review);
      const seconds = clock() - began;
      await sink.event({
        ...{ kind: 'block', at: clock(), block, firstFrame, frames: framesPerBlock, given: false, attempts: 1 },
        ...{ triggered: false, seconds, memory, latents: null },
      });
      reviews.push(review);
    }
  } finally {
    policy.dispose();
  }
  return reviews;
}
