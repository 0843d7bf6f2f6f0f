import { TokenTrimError } from '../errors.js';
import { createProgress } from '../media/progress.js';
import { generate } from '../pipelines/generate.js';
import type { GenerateFlags } from './generateCommand.js';
import { openRun, type Run } from './openRun.js';
import { type BlockRow, blockNote, blockRow, callCount, kernelTable } from './report.js';

/** Exit status of a run that was interrupted: 128 + SIGINT. */
const INTERRUPTED = 130;

/** `tokentrim generate`. */
export async function runGenerate(prompt: string, flags: GenerateFlags): Promise<void> {
  const start = performance.now();
  const run = await openRun(prompt, flags);
  const interrupt = watchInterrupt();
  try {
    const { frames, blocks } = await rollOut(run, interrupt);
    await run.sink.close();
    await run.finish();
    if (interrupt.asked) {
      process.exitCode = INTERRUPTED;
      const kept =
        frames > 0 ? `${run.sink.path} holds the ${frames} frames that were finished` : 'no frame was finished';
      throw new TokenTrimError(`interrupted: ${kept}`);
    }
    if (run.sink.note) process.stderr.write(`${run.sink.note}\n`);
    if (flags.profile) process.stderr.write(await kernelTable(run.device));
    const summary = summarise(run, flags, frames, blocks, (performance.now() - start) / 1000);
    if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else process.stderr.write(closingLines(summary));
  } finally {
    interrupt.release();
    await run.close();
  }
}

/** Generates, writes pictures as they come, and stops early where the user asks. */
async function rollOut(run: Run, interrupt: { asked: boolean }): Promise<{ frames: number; blocks: BlockRow[] }> {
  const { folder, device, plan, request, sink, latents } = run;
  const blocks: BlockRow[] = [];
  const progress = createProgress({ total: callCount(plan), label: plan.preset });
  let frames = 0;
  let calls = 0;
  try {
    for await (const event of generate(device, folder, request)) {
      if (event.kind === 'step' && event.attempt === 0) progress.update(++calls, blockNote(blocks.at(-1)));
      if (event.kind === 'block') {
        blocks.push(blockRow(event.decision, event.seconds));
        await latents?.append(Float32Array.from(await device.read(event.latents)));
      }
      if (event.kind === 'frames') {
        for (const frame of event.frames) await sink.write(frame);
        frames += event.frames.length;
      }
      if (interrupt.asked) break;
    }
  } finally {
    progress.stop();
  }
  return { frames, blocks };
}

/** The first Ctrl-C (or SIGTERM) ends the run after the call at hand; the second ends the process at once. */
function watchInterrupt(): { asked: boolean; release(): void } {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const state = {
    asked: false,
    release() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
  const onSignal = () => {
    if (state.asked) process.exit(INTERRUPTED);
    state.asked = true;
    process.stderr.write('\nstopping: what is finished is kept (once more to stop at once)\n');
  };
  for (const signal of signals) process.on(signal, onSignal);
  return state;
}

function summarise(
  { folder, device, plan, fps, sink }: Run,
  flags: GenerateFlags,
  frames: number,
  blocks: BlockRow[],
  seconds: number,
) {
  const { width, height } = plan.pixel;
  const seed = Number(flags.seed);
  return {
    out: sink.path,
    frames,
    width,
    height,
    fps,
    seed: Number.isSafeInteger(seed) ? seed : flags.seed,
    preset: plan.preset,
    model: folder.config.name,
    adapter: device.name,
    seconds,
    peakGpuBytes: device.kind === 'gpu' ? device.memory.peakBytes : 0,
    blocks,
  };
}

function closingLines({ out, frames, width, height, seconds, adapter, blocks }: ReturnType<typeof summarise>): string {
  const trimmed = blocks.filter(({ triggered }) => triggered).map(({ index }) => index);
  const trims = trimmed.length > 0 ? `TokenTrim intervened in blocks ${trimmed.join(', ')}` : 'no block was trimmed';
  return `${out}: ${frames} frames of ${width}x${height} in ${seconds.toFixed(1)} s on ${adapter}; ${trims}\n`;
}
