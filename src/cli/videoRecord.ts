import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import * as z from 'zod';
import { TokenTrimError } from '../errors.js';
import { type RecordedForms, recordedFormsSchema, recordForms } from '../kernels/forms/recordedForms.js';
import type { FrameSink } from '../media/frameSink.js';
import { readRecord } from '../media/readRecord.js';
import { parsePlan } from '../pipelines/plan/parsePlan.js';
import { type DraftPlan, isBlockwise, type Plan } from '../pipelines/plan/plan.js';
import { inOrder } from './inOrder.js';
import type { PreparedRun } from './preparedRun.js';
import { PROGRAM } from './programName.js';

/** Goes up when a field goes away or changes its meaning, not when one is added. */
const RECORD_VERSION = 1;

/** A plan with thousands of prompts takes a hundredth of this. */
const MAX_BYTES = 2 ** 24;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const words = z.string().max(1000);

const recordSchema = z.object({
  program: words,
  record: z.literal(RECORD_VERSION),
  adapter: z.object({ name: words, driver: words.nullable() }),
  kernels: recordedFormsSchema,
  plan: z.unknown(),
  latents: z.object({ sha256 }).nullable(),
  pictures: z.object({ frames: z.int().nonnegative(), sha256 }).nullable(),
});

/** How a video was made, which it carries: enough to make it again, and to tell whether that is the same. */
export interface VideoRecord extends Omit<z.infer<typeof recordSchema>, 'plan' | 'kernels'> {
  /** Which forms of kernels ran. */
  readonly kernels: RecordedForms;
  readonly plan: DraftPlan;
}

/**
 * The record of a video, of a folder of frames, or of a JSON file beside one.
 * @throws TokenTrimError where there is none, or it is not what this program writes
 */
export async function readVideoRecord(path: string): Promise<VideoRecord> {
  const text = await readRecord(path, { what: 'a video of this program, or its JSON', limit: MAX_BYTES });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new TokenTrimError(
      `${path}: expected JSON that says how a video was made, found ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const result = recordSchema.safeParse(data);
  if (!result.success) {
    const [{ path: field, message }] = result.error.issues;
    throw new TokenTrimError(
      `${path}: expected what a video says of how it was made, found none or another version (${field.map(String).join('.')}: ${message})`,
    );
  }
  return { ...result.data, plan: parsePlan(result.data.plan, path) };
}

/** Gathers a run's record while it goes. */
export class VideoRecorder {
  readonly #latents = createHash('sha256');

  constructor(private readonly prepared: Pick<PreparedRun, 'device' | 'plan'>) {}

  /** The latents of the next block; they are hashed as 32-bit floats, little-endian. */
  addLatents(values: Float32Array): void {
    this.#latents.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** @param isWhole whether the rollout came to its end */
  record(pictures: FrameSink['pictures'] | undefined, isWhole: boolean): VideoRecord {
    const { device, plan } = this.prepared;
    const { name, forms } = device;
    return {
      program: `${PROGRAM.name} ${PROGRAM.version}`,
      record: RECORD_VERSION,
      adapter: { name, driver: forms.adapter?.driver ?? null },
      kernels: recordForms(device),
      plan: inOrder(plan) as Plan,
      latents: isWhole ? { sha256: this.#latents.copy().digest('hex') } : null,
      pictures: pictures ? { ...pictures } : null,
    };
  }
}

/** A record as a video carries it: without paths of this machine, which are nobody else's business. */
export function publicRecord(record: VideoRecord): VideoRecord {
  const { plan } = record;
  const { source, ...model } = plan.model;
  const hub = Object.entries(source ?? {}).filter(([, value]) => !/[\\/]/.test(value) || value.startsWith('hf:'));
  const named = hub.length > 0 ? { ...model, source: Object.fromEntries(hub) } : model;
  const given = isBlockwise(plan) && plan.given?.file;
  const file = given && { ...given, path: basename(given.path) };
  const { noise } = plan;
  const shown = typeof noise === 'object' && 'path' in noise ? { ...noise, path: basename(noise.path) } : noise;
  return {
    ...record,
    plan: inOrder({
      ...plan,
      model: named,
      noise: shown,
      ...(isBlockwise(plan) && plan.given && file ? { given: { ...plan.given, file } } : {}),
    }) as Plan,
  };
}
