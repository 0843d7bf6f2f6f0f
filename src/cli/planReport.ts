import type { ModelConfig } from '../models/wan/config.js';
import { describeParts } from '../node/model/modelFolder.js';
import { isBlockwise, type Plan, type VideoPlan } from '../pipelines/plan/plan.js';
import type { MemoryPlan } from '../pipelines/plan/planMemory.js';
import { droppedFrames, fullyDenoisedFrames, startsNoisy } from '../pipelines/plan/planVideo.js';
import type { Stage } from '../pipelines/stages.js';
import type { PreparedRun } from './preparedRun.js';
import { promptLines } from './promptReport.js';

/** The stages of a run in words. */
export const STAGES: Record<Stage, string> = {
  text: 'text encoder',
  given: 'VAE encoder',
  weights: 'weights',
  rollout: 'rollout',
  decode: 'VAE decoder',
};

/** What `--dry-run` prints: the run with every number decided, and its memory. */
export function formatPlan(
  { folder, device, plan, memory, prompts }: PreparedRun,
  seed: number | string | null,
): string {
  const { config } = folder;
  const { pixel, latent, shown, frames, fps } = plan;
  const patch = config.transformer.patch_size;
  const tokens = (latent.height / patch[1]) * (latent.width / patch[2]);
  const dropped = droppedFrames(config, plan);
  const lines = [
    `model    ${config.name}, ${config.transformer.num_layers} layers of ${config.transformer.dim}`,
    ...describeParts(folder.parts).map((line) => `  ${line}`),
    `adapter  ${device.name}`,
    `video    ${shown.count} frames of ${pixel.width}x${pixel.height} at ${fps} a second` +
      (dropped > 0 ? `; whole ${unitOf(plan)} make ${dropped} more, which are dropped` : ''),
    `latents  ${frames} frames of ${latent.width}x${latent.height}, ${tokens} tokens each`,
    ...rolloutLines(plan),
    `noise    ${seed === null ? 'from a file' : `of seed ${seed}`}`,
    ...promptLines(prompts),
    '',
    ...memoryLines(memory, plan),
  ];
  return `${lines.join('\n')}\n`;
}

function rolloutLines(plan: VideoPlan): string[] {
  if (!isBlockwise(plan)) {
    const sampling = `sampling wan: ${plan.steps} steps of ${plan.solver}, shift ${plan.shift}, guidance ${plan.guidance}`;
    return [sampling, ...flowmoLines(plan)];
  }
  const given = plan.given ? `, after ${plan.given.latents} given latent frames` : '';
  return [
    `rollout  ${plan.preset}: blocks of ${plan.framesPerBlock} latent frames${given}; steps ${plan.steps.join(', ')}; ` +
      `window ${plan.window}, sink ${plan.sink}`,
    ...flowmoLines(plan),
  ];
}

function flowmoLines({ preset, flowmo }: VideoPlan): string[] {
  if (!flowmo) return [];
  const { blocks, steps, rate, mode } = flowmo;
  const where = preset === 'wan' ? 'the video' : blocks === 'first-block' ? 'the first block' : 'every block';
  return [
    `flowmo   on ${where}, in ${steps === 1 ? 'its first step' : `its first ${steps} steps`}, rate ${rate}, as its ${mode}`,
  ];
}

function memoryLines({ decode, peakBytes, stages, limitBytes }: MemoryPlan, { decoder }: Plan): string[] {
  const when = {
    during: 'pictures are made while the video is generated',
    after: 'pictures are made after the rollout, when the DiT is freed',
    never: 'no pictures are made: latents only',
  };
  const limit = limitBytes === undefined ? '' : ` of ${gigabytes(limitBytes)} that it may take`;
  return [
    'device memory, at most',
    ...stages.map(({ stage, peakBytes: bytes }) => `  ${STAGES[stage].padEnd(14)}${gigabytes(bytes).padStart(10)}`),
    `  ${'peak'.padEnd(14)}${gigabytes(peakBytes).padStart(10)}${limit}`,
    `${when[decode]}${decoder === 'tiny' ? ', by the tiny VAE' : ''}`,
  ];
}

/** Bytes as gigabytes (10^9), small ones as megabytes. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * What a user should know of a plan before it runs.
 * @param isDecodeChosen whether the user said when pictures are made
 */
export function planNotes(config: ModelConfig, plan: Plan, isDecodeChosen: boolean): string[] {
  const notes = [noisyStartNote(config, plan)];
  const dropped = droppedFrames(config, plan);
  if (dropped > 0 && plan.decode !== 'never') {
    notes.push(`note: ${plan.shown.count} frames are not whole ${unitOf(plan)}: ${dropped} more are made and dropped`);
  }
  if (plan.decode === 'after' && isBlockwise(plan) && !isDecodeChosen) {
    notes.push(
      'note: to save memory, pictures are made when the rollout is done; --decode during makes them as it goes, and ' +
        '--gpu-memory says how much there is',
    );
  }
  return notes.filter((note) => note !== undefined);
}

/** What a plan's pictures come in. */
function unitOf(plan: VideoPlan): string {
  return isBlockwise(plan) ? 'blocks' : 'latent frames';
}

/** The official code's way with few blocks, which works and still disappoints. */
function noisyStartNote(config: ModelConfig, plan: VideoPlan): string | undefined {
  if (!isBlockwise(plan) || !startsNoisy(plan)) return undefined;
  return (
    `note: with fewer blocks (${plan.frames / plan.framesPerBlock}) than denoising steps (${plan.steps.length}) ` +
    `rolling-forcing leaves its first blocks noisy, as the official code does: use --frames ` +
    `${fullyDenoisedFrames(config, plan)} or more`
  );
}
