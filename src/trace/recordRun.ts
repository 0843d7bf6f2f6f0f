import type { Model } from '../models/wan/model.js';
import { tokenGrid } from '../models/wan/transformer.js';
import { fitLatentColors, LatentColors } from '../pipelines/pictures/latentColors.js';
import { methodOf } from '../pipelines/plan/methods.js';
import { isBlockwise, type Plan } from '../pipelines/plan/plan.js';
import type { GenerateEvent } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { PROGRAM } from '../version.js';
import type { TracedVideo } from './format.js';
import { type RecorderOptions, TraceRecorder } from './traceRecorder.js';
import type { TraceSink } from './traceSink.js';

/** How a run is recorded. */
export type RecordOptions = Pick<RecorderOptions, 'latents' | 'eachCall' | 'thumbnail'> & {
  /** Tells that the run was asked to end early. */
  readonly isStopped?: () => boolean;
};

/**
 * Records a run while it goes: passes its events on as they come. Give `watch: { rejected: true }` to `generate` or
 * `runPlan`, so that the pictures of attempts that were not kept are there too, and a baseline's drift.
 *
 * @example
 * const run = generate(device, model, { prompt, watch: { rejected: true } });
 * for await (const event of recordRun(run, sink, device, model)) ...
 *
 * @throws TokenTrimError where the trace cannot be written; what was written can be read
 */
export async function* recordRun(
  events: AsyncIterable<GenerateEvent>,
  sink: TraceSink,
  device: Device,
  model: Model,
  { isStopped, ...options }: RecordOptions = {},
): AsyncGenerator<GenerateEvent> {
  let recorder: TraceRecorder | undefined;
  let isOver = false;
  try {
    for await (const event of events) {
      if (!recorder && event.kind === 'stage') {
        const { plan } = event;
        // Where pictures come with their blocks, the first ones show what latents look like, at no cost.
        const isShown = plan.decode === 'during' && isBlockwise(plan);
        const colors = isShown ? new LatentColors() : await fitLatentColors(device, model, plan.types);
        const begin = { program: PROGRAM, video: tracedVideo(plan, model), plan, adapter: device.name };
        recorder = new TraceRecorder(sink, { begin, colors, ...options });
      }
      await recorder?.record(event);
      yield event;
    }
    isOver = true;
    await recorder?.end(isStopped?.() ? 'stopped' : 'finished');
  } catch (error) {
    isOver = true;
    const message = error instanceof Error ? error.message : String(error);
    const ending = isStopped?.() ? recorder?.end('stopped') : recorder?.end('failed', message);
    await ending?.catch(() => undefined); // what went wrong first is what is told
    throw error;
  } finally {
    if (!isOver) await recorder?.end('stopped'); // the caller left the loop
  }
}

/** What a trace says of the video of a plan. */
export function tracedVideo(plan: Plan, { config }: Pick<Model, 'config'>): TracedVideo {
  const { gridHeight, gridWidth } = tokenGrid(config.transformer, plan.latent);
  const method = methodOf(plan);
  const { pixel, shown, fps, prompts, noise } = plan;
  const inBlocks = isBlockwise(plan)
    ? {
        framesPerBlock: plan.framesPerBlock,
        given: plan.given ? (plan.given.independentFirstFrame ? 1 : plan.given.latents / plan.framesPerBlock) : 0,
        sink: plan.sink,
        window: plan.window < plan.frames + (plan.given?.latents ?? 0) ? plan.window : null,
        steps: plan.steps,
      }
    : { framesPerBlock: plan.frames, given: 0, sink: 0, window: null, steps: [] };
  return {
    method: plan.preset,
    title: prompts.map(({ prompt }) => prompt).join(' → '),
    model: plan.model.name,
    seed: typeof noise === 'object' && 'seed' in noise ? noise.seed : null,
    grid: { height: gridHeight, width: gridWidth },
    blocks: method.blocks(plan),
    calls: method.calls(plan),
    trim: plan.trim,
    pictures: { width: pixel.width, height: pixel.height, count: shown.count, fps },
    ...inBlocks,
  };
}
