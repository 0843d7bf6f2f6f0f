import { seededNoise } from '../../src/pipelines/noise/noise.js';
import type { Plan } from '../../src/pipelines/plan/plan.js';
import { followRun } from '../../src/pipelines/resume/followRun.js';
import { RunState } from '../../src/pipelines/resume/runState.js';
import type { RolloutEvent, RolloutOptions, SamplingEvent } from '../../src/pipelines/rollout.js';
import { acceptAll, type Decision, type Policy } from '../../src/tokentrim/policy.js';
import { TRIM_POLICIES, trimPolicy } from '../../src/tokentrim/trimPolicy.js';
import type { Run } from '../properties/presets.js';
import { device } from './device.js';
import type { MemoryState } from './memoryState.js';
import { TINY_FRAME_SIZE, TINY_LATENT, tinyModel } from './tinyModel.js';

/** Two models, of which the second one is there for its other prompt. */
export const tiny = await tinyModel(device, 31);
export const other = await tinyModel(device, 32);

export const PATCH = { height: 2, width: 2 };
export const PLAN = { program: 'test', seed: 4 } as unknown as Plan; // a state looks only whether it is the same
const FRAMES = 18;

export interface Case {
  readonly run: Run;
  readonly options: RolloutOptions;
  readonly policy: () => Policy;
  readonly prompts?: boolean;
}

interface Made {
  readonly latents: number[];
  readonly decisions: (Decision | null)[];
}

/** Runs a process: to its end, or until `isOver` says that it was killed. */
export async function runProcess(
  { run, options, policy, prompts }: Case,
  store: MemoryState,
  isOver: (event: RolloutEvent | SamplingEvent, count: number) => boolean = () => false,
  share = Number.POSITIVE_INFINITY,
): Promise<Made | undefined> {
  const state = await RunState.open(store, { share });
  const parts = { noise: seededNoise(4, FRAMES, TINY_FRAME_SIZE), policy: policy() };
  await state.begin(device, PLAN, parts);
  const context = prompts ? (frame: number) => (frame < 9 ? tiny.context : other.context) : tiny.context;
  const rolled = run(tiny.model, context, parts.noise, { ...options, frames: FRAMES }, parts.policy, state.start);
  const made: Made = { latents: [], decisions: [] };
  let count = 0;
  try {
    for await (const event of followRun(state, device, rolled, parts, 6)) {
      if (event.kind === 'block') {
        made.latents.push(...(await device.read(event.latents)));
        made.decisions.push(event.decision);
      }
      if (event.kind === 'block' && event.restored !== undefined) continue;
      if (isOver(event, count++)) return undefined;
    }
    return made;
  } finally {
    await rolled.return(undefined);
    parts.policy.dispose();
  }
}

export const EAGER = { sensitivity: 0, warmup: 1, fraction: 0.3, maxRegenerations: 2 };
const given = async (frames: number) =>
  device.upload(seededNoiseValues(frames), [frames, 4, TINY_LATENT.height, TINY_LATENT.width]);
const seededNoiseValues = (frames: number) =>
  Float32Array.from({ length: frames * TINY_FRAME_SIZE }, (_, index) => Math.sin(index * 0.37));

const initialLatents = await given(3);

export function disposeModels(): void {
  for (const held of [tiny, other, initialLatents]) held.dispose();
}

/** Every policy that there is, and all that a run may have beside one. */
export const casesOf = (run: Run, options: RolloutOptions): readonly (readonly [string, Case])[] => [
  ['the baseline', { run, options, policy: () => acceptAll }],
  ...TRIM_POLICIES.map(
    (policy) => [policy, { run, options, policy: () => trimPolicy(PATCH, { ...EAGER, policy }, 4) }] as const,
  ),
  [
    'checked at its first step, after given frames, with prompts over time and FlowMo',
    {
      run,
      options: { ...options, initialLatents, flowmo: { blocks: 'every-block', steps: 1, rate: 0.005, mode: 'paper' } },
      policy: () => trimPolicy(PATCH, { ...EAGER, check: 'first-step' }, 4),
      prompts: true,
    },
  ],
];
