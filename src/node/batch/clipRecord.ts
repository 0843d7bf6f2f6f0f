import * as z from 'zod';
import type { DraftPlan } from '../../pipelines/plan/plan.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';

/** Longer than any of these. */
const MAX_BYTES = 2 ** 22;

/** Goes up when a field goes away or changes its meaning. */
export const CLIP_VERSION = 1;

const clipFields = {
  version: z.literal(CLIP_VERSION),
  program: z.string(),
  /** In `videos`. */
  file: z.string(),
  prompt: z.string(),
  seed: z.string(),
  index: z.number(),
  worker: z.object({ pid: z.number(), host: z.string() }),
  /** When it came to its end, for people. */
  ended: z.string(),
};

const recordSchema = z.object({
  ...clipFields,
  /** Of its plan (`digestPlan`). */
  digest: z.string(),
  /** Of the video. */
  sha256: z.string(),
  bytes: z.number(),
  frames: z.number(),
  /** That it took to make, without what is done once for all. */
  seconds: z.number(),
  /** What computed it, and which forms its kernels had where those were measured. */
  adapter: z.string(),
  /** Blocks, and which of them a policy had made again. */
  blocks: z.number(),
  trimmed: z.array(z.number()),
  /** Runs it again (`parsePlan`). */
  plan: z.record(z.string(), z.unknown()) as unknown as z.ZodType<DraftPlan>,
});

/** A finished clip: who has this and the file knows that it is whole, and can make it again. */
export type ClipRecord = z.infer<typeof recordSchema>;

const failureSchema = z.object({ ...clipFields, error: z.string() });

/** Why a clip could not be made. */
export type ClipFailure = z.infer<typeof failureSchema>;

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
