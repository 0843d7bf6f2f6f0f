import { createHash } from 'node:crypto';
import { ensure, TokenTrimError } from '../errors.js';
import { listPictures } from '../media/pictureFolder.js';
import { readRecord } from '../media/readRecord.js';
import { isFolder } from '../node/files/outputTarget.js';
import { digestFile } from '../node/weights/fileDigest.js';
import { show } from '../options/fields.js';
import { parsePlan } from '../pipelines/plan/parsePlan.js';
import { type DraftPlan, isBlockwise, type PlannedFile } from '../pipelines/plan/plan.js';
import { type GenerateFlags, MODEL_FLAGS } from './generateFlags.js';

/** A plan takes some hundred bytes, and a report that holds one more for every block. */
const MAX_BYTES = 2 ** 28;

/**
 * The plan of `--plan`: a file of one, the object of `--json` or `--sidecar`, which holds one, or a video that says its own.
 * @throws TokenTrimError where the file cannot be read, or holds none
 */
export async function readPlan(path: string): Promise<DraftPlan> {
  const label = `--plan ${path}`;
  const text = await readRecord(path, { what: 'a plan in JSON', limit: MAX_BYTES, label });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new TokenTrimError(
      `${label}: expected a plan in JSON, as generate --dry-run --json prints it, found ${(cause as Error).message}`,
      { cause },
    );
  }
  const report = data as { readonly plan?: unknown; readonly status?: unknown } | null;
  if (typeof report !== 'object' || report === null || !('plan' in report)) return parsePlan(data, label);
  ensure(
    report.plan,
    () =>
      `${label}: this run (${typeof report.status === 'string' ? report.status : show(report.status)}) ended before it was planned: it holds no plan`,
  );
  return parsePlan(report.plan, label);
}

/**
 * The options as the plan has them: what it decides, and the files that it names where the command line names no others in
 * their place.
 */
export function plannedFlags(flags: GenerateFlags, plan: DraftPlan): GenerateFlags {
  const { noise, trim, prompts, negativePrompt } = plan;
  const isModelNamed = MODEL_FLAGS.some((name) => flags[name] !== undefined);
  const given = isBlockwise(plan) ? plan.given : undefined;
  const begins = flags.image ?? flags.video ?? given?.file?.path;
  return {
    ...flags,
    ...(isModelNamed ? {} : sourceOf(plan)),
    preset: plan.preset,
    prompt: prompts.length === 1 ? prompts[0].prompt : undefined,
    negativePrompt,
    fps: plan.fps,
    image: given?.kind === 'image' ? begins : undefined,
    video: given?.kind === 'video' ? begins : undefined,
    seed: typeof noise === 'object' && 'seed' in noise ? noise.seed : flags.seed,
    noise: typeof noise === 'object' && 'path' in noise ? (flags.noise ?? noise.path) : undefined,
    trim: trim !== false,
    ...(typeof trim === 'object'
      ? {
          trimPolicy: trim.policy,
          trimFraction: trim.fraction,
          trimSensitivity: trim.sensitivity,
          trimWarmup: trim.warmup,
          trimSkipFirst: trim.skipFirst,
          trimFalseAlarms: trim.falseAlarms,
          trimAttempts: trim.maxRegenerations,
          trimCheck: trim.check,
        }
      : {}),
    decode: plan.decode === 'never' ? 'auto' : (plan.decode ?? 'auto'),
    latentsOnly: plan.decode === 'never',
  };
}

/** Where a plan had its model from: of what its file says, the options that name one, and no others. */
function sourceOf({ model }: DraftPlan): Partial<GenerateFlags> {
  const source = Object.entries(model.source ?? {});
  return Object.fromEntries(source.filter(([name]) => MODEL_FLAGS.some((known) => known === name)));
}

/** A file that a run reads, or a folder of pictures, for the plan. */
export async function plannedFile(path: string): Promise<PlannedFile> {
  if (!(await isFolder(path))) return { path, sha256: (await digestFile(path)).sha256 };
  const hash = createHash('sha256');
  for (const picture of await listPictures(path)) hash.update(`${(await digestFile(picture)).sha256}\n`);
  return { path, sha256: hash.digest('hex') };
}

/** @throws TokenTrimError where a file is not the one that the plan was made with */
export async function ensureSameFile(option: string, path: string, planned: PlannedFile): Promise<void> {
  const { sha256 } = await plannedFile(path);
  ensure(
    sha256 === planned.sha256,
    `${option} ${path}: the plan was made with other contents (SHA-256 ${planned.sha256.slice(0, 16)}..., found ` +
      `${sha256.slice(0, 16)}...): name the file that it was made with, or plan the video again`,
  );
}
