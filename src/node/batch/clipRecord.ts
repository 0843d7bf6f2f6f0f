import * as z from 'zod';
import type { DraftPlan } from '../../pipelines/plan/plan.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';

/** Longer than any of these. */
const MAX_BYTES = 2 ** 22;

/** Goes up when a field goes away or changes its meaning. */
export const CLIP_VERSION = 1;

/** What is known of a clip however it ended. */
interface EndedClip {
  readonly version: typeof CLIP_VERSION;
  readonly program: string;
  /** In `videos`. */
  readonly file: string;
  readonly prompt: string;
  readonly seed: string;
  readonly index: number;
  readonly worker: { readonly pid: number; readonly host: string };
  /** When it came to its end, for people. */
  readonly ended: string;
}

/** A finished clip: who has this and the file knows that it is whole, and can make it again. */
export interface ClipRecord extends EndedClip {
  /** Of its plan (`digestPlan`). */
  readonly digest: string;
  /** Of the video. */
  readonly sha256: string;
  readonly bytes: number;
  readonly frames: number;
  /** That it took to make, without what is done once for all. */
  readonly seconds: number;
  /** What computed it, and which forms its kernels had where those were measured. */
  readonly adapter: string;
  /** Blocks, and which of them a policy had made again. */
  readonly blocks: number;
  readonly trimmed: readonly number[];
  /** Runs it again (`parsePlan`). */
  readonly plan: DraftPlan;
}

/** Why a clip could not be made. */
export interface ClipFailure extends EndedClip {
  readonly error: string;
}

const clipFields = {
  version: z.literal(CLIP_VERSION),
  program: z.string(),
  file: z.string(),
  prompt: z.string(),
  seed: z.string(),
  index: z.number(),
  worker: z.object({ pid: z.number(), host: z.string() }),
  ended: z.string(),
};

const recordSchema: z.ZodType<ClipRecord> = z.object({
  ...clipFields,
  digest: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  frames: z.number(),
  seconds: z.number(),
  adapter: z.string(),
  blocks: z.number(),
  trimmed: z.array(z.number()),
  plan: z.record(z.string(), z.unknown()) as unknown as z.ZodType<DraftPlan>,
});

const failureSchema: z.ZodType<ClipFailure> = z.object({ ...clipFields, error: z.string() });

/** The record in a file; undefined where there is none, or something else. */
export const readRecord = (path: string): Promise<ClipRecord | undefined> => readAs(recordSchema, path);

/** The same of a failure. */
export const readFailure = (path: string): Promise<ClipFailure | undefined> => readAs(failureSchema, path);

async function readAs<Value>(schema: z.ZodType<Value>, path: string): Promise<Value | undefined> {
  let text: string;
  try {
    text = await readTextFile(path, { what: 'the record of a clip', limit: MAX_BYTES });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
