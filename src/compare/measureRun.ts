import type { Model } from '../models/wan/model.js';
import { vaeFactors } from '../models/wan/vae/vaeFactors.js';
import type { Plan } from '../pipelines/plan/plan.js';
import type { GenerateEvent } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { PROGRAM } from '../version.js';
import { sha256 } from '../weights/digestSource.js';
import type { Pair } from './pairs.js';
import { runMeter } from './runMeter.js';
import { RECORD_VERSION, type RecordedBlock, type RunRecord } from './runRecord.js';

/** Which run of a comparison it is. */
export interface RunLabel {
  readonly digest: string;
  readonly arm: string;
  readonly pair: Pair;
  /** The device and the forms of its kernels, as they are compared. */
  readonly adapter: string;
}

/**
 * Measures a run while it goes, and keeps nothing of it but numbers.
 * @param events of `runPlan`, with `watch: {}`, so that a baseline's severities are there too
 * @throws whatever the run does
 */
export async function measureRun(
  events: AsyncIterable<GenerateEvent>,
  device: Device,
  { config }: Pick<Model, 'config'>,
  plan: Plan,
  { digest, arm, pair, adapter }: RunLabel,
): Promise<RunRecord> {
  const start = performance.now();
  const { temporal } = vaeFactors(config.vae);
  const meter = runMeter(config, plan, pair.prompt);
  const blocks: RecordedBlock[] = [];
  let calls = 0;
  let pruned = 0;
  for await (const event of events) {
    if (event.kind === 'step' || event.kind === 'cache') calls++;
    if (event.kind === 'review') pruned = Math.max(pruned, event.unstable.length);
    if (event.kind === 'frames') meter.frames(event.frames);
    if (event.kind !== 'block') continue;
    const { decision, latents, firstFrame } = event;
    const values = Float32Array.from(await device.read(latents));
    meter.block(values);
    const shown = 1 + (firstFrame + latents.shape[0] - 1) * temporal - plan.shown.hidden;
    blocks.push({
      seconds: Math.min(shown, plan.shown.count) / plan.fps,
      severity: decision?.severity ?? null,
      accepted: decision?.severityAfter ?? decision?.severity ?? null,
      threshold: decision?.threshold ?? null,
      attempts: decision?.attempts ?? 1,
      pruned,
      latents: (await sha256(new Uint8Array(values.buffer))).slice(0, 16),
    });
    pruned = 0;
  }
  return {
    version: RECORD_VERSION,
    digest,
    program: PROGRAM,
    ...{ adapter, preset: plan.preset, arm, prompt: pair.prompt, seed: pair.seed, pair: pair.name },
    ...{ frames: plan.shown.count, fps: plan.fps, blocks, ...meter.end(), calls },
    seconds: (performance.now() - start) / 1000,
  };
}
