import * as z from 'zod';
import { type LatentMeasures, MEASURES_VERSION, type VideoMeasures } from '../measures/videoMeasures.js';

/** Goes up when a field changes its meaning, or a measure its formula: what was recorded before is then made anew. */
export const RECORD_VERSION = 1;

/** What became of one block. */
export interface RecordedBlock {
  /** Of its last picture, in the video. */
  readonly seconds: number;
  /** D_t of the candidate and of what was accepted; null where nothing was measured. */
  readonly severity: number | null;
  readonly accepted: number | null;
  readonly threshold: number | null;
  /** Times it was generated: more than one where there was an intervention. */
  readonly attempts: number;
  /** Tokens of a frame that were pruned before it was generated again. */
  readonly pruned: number;
  /** The first 16 digits of the SHA-256 of its accepted latents, f32: equal noise and equal decisions make equal bytes. */
  readonly latents: string;
}

/** One finished run of a comparison, as its file holds it. */
export interface RunRecord {
  readonly version: typeof RECORD_VERSION;
  /** Of the plan that was run (`planDigest`): a record with another one is no record of this run. */
  readonly digest: string;
  readonly program: string;
  /** What computed it, and which forms its kernels had where those were measured: arms are compared on one of them. */
  readonly adapter: string;
  readonly preset: string;
  readonly arm: string;
  readonly prompt: string;
  readonly seed: string;
  readonly pair: string;
  /** Pictures of the video, and of a second. */
  readonly frames: number;
  readonly fps: number;
  readonly blocks: readonly RecordedBlock[];
  /** What was measured of its pictures and of its latents; null where there are none, or no two blocks of them. */
  readonly video: VideoMeasures | null;
  readonly latents: LatentMeasures | null;
  /** Calls of the DiT: what an arm costs on any machine. */
  readonly calls: number;
  /** Wall-clock time; comparable where runs had the machine to themselves. */
  readonly seconds: number;
}

const numberOrNull = z.number().nullable();

const measured = {
  version: z.literal(MEASURES_VERSION),
  times: z.array(z.number()),
  measures: z.record(
    z.string(),
    z.looseObject({ values: z.array(numberOrNull), at: z.record(z.string(), numberOrNull), mean: numberOrNull }),
  ),
};

const schema = z.object({
  version: z.literal(RECORD_VERSION),
  digest: z.string(),
  program: z.string(),
  adapter: z.string(),
  preset: z.string(),
  arm: z.string(),
  prompt: z.string(),
  seed: z.string(),
  pair: z.string(),
  frames: z.number(),
  fps: z.number(),
  blocks: z.array(
    z.object({
      seconds: z.number(),
      severity: numberOrNull,
      accepted: numberOrNull,
      threshold: numberOrNull,
      attempts: z.number(),
      pruned: z.number(),
      latents: z.string(),
    }),
  ),
  video: z.looseObject(measured).nullable() as unknown as z.ZodType<VideoMeasures | null>,
  latents: z.looseObject(measured).nullable() as unknown as z.ZodType<LatentMeasures | null>,
  calls: z.number(),
  seconds: z.number(),
}) satisfies z.ZodType<RunRecord>;

/** A run file's text as a record; undefined where it is torn, of another version, or something else. */
export function parseRecord(text: string): RunRecord | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
