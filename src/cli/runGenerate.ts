import { TokenTrimError } from '../errors.js';
import { collectGarbage } from '../media/collectGarbage.js';
import { runStages } from '../pipelines/stages.js';
import type { GenerateFlags } from './generateFlags.js';
import { watchInterrupt } from './interrupt.js';
import { openRun, type Run } from './openRun.js';
import { detail, say, show, startProgress } from './output.js';
import { formatPlan, planSummary } from './planReport.js';
import { type PreparedRun, prepareRun } from './prepareRun.js';
import {
  type BlockRow,
  blockNote,
  blockRow,
  blockTable,
  callCount,
  closingLine,
  compileNote,
  kernelTable,
  summarise,
} from './report.js';
import { StageLog } from './stageLog.js';

/** What a rollout came to, whole or not. */
interface Outcome {
  frames: number;
  /** Whether it was the video that could not be written: its error says what became of it. */
  videoFailed: boolean;
  readonly blocks: BlockRow[];
}

/** `tokentrim generate`. */
export async function runGenerate(prompt: string | undefined, flags: GenerateFlags): Promise<void> {
  const start = performance.now();
  const interrupt = watchInterrupt();
  let prepared: PreparedRun | undefined;
  let run: Run | undefined;
  try {
    prepared = await prepareRun(prompt, flags);
    run = await openRun(prepared, flags); // and closed again by a dry run, which leaves nothing behind
    for (const line of prepared.notes) say(line);
    const planned = prepared;
    const seed = flags.noise === undefined ? flags.seed : undefined;
    if (flags.dryRun) {
      process.stdout.write(flags.json ? `${JSON.stringify(planSummary(prepared))}\n` : formatPlan(prepared, seed));
      return;
    }
    detail(() => formatPlan(planned, seed).trimEnd());
    const outcome: Outcome = { frames: 0, videoFailed: false, blocks: [] };
    try {
      await rollOut(run, outcome, interrupt.signal);
      interrupt.signal.throwIfAborted();
      await run.finish();
    } catch (error) {
      process.exitCode = interrupt.status || 1;
      throw await keepFinished(run, outcome, interrupt.signal.aborted ? new TokenTrimError('interrupted') : error);
    }
    if (run.sink.note) say(run.sink.note);
    if (flags.profile) show(await kernelTable(run.device));
    const summary = summarise(run, flags, outcome, (performance.now() - start) / 1000);
    if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else show(blockTable(summary.blocks, flags.trimWarmup) + closingLine(summary));
  } finally {
    await run?.close();
    await prepared?.close();
    interrupt.release();
  }
}

/** Generates, writes latents and pictures as they come, and stops early where the user asks. */
async function rollOut(run: Run, outcome: Outcome, signal: AbortSignal): Promise<void> {
  const { folder, device, plan, request, sink, latents } = run;
  const activity = () => compileNote(device.kernels.pending);
  const progress = startProgress({ total: callCount(plan), label: plan.preset, activity });
  const stages = new StageLog(device);
  let calls = 0;
  try {
    signal.throwIfAborted();
    for await (const event of runStages(device, folder, { ...request, signal })) {
      if (event.kind === 'note') say(event.note);
      if (event.kind === 'stage') stages.begin(event.stage);
      if (event.kind === 'step' && event.attempt === 0) progress.update(++calls, blockNote(outcome.blocks.at(-1)));
      if (event.kind === 'block') {
        await latents?.append(Float32Array.from(await device.read(event.latents)));
        if (event.decision) outcome.blocks.push(blockRow(event.decision, event.seconds));
      }
      if (event.kind === 'frames') {
        for (const frame of event.frames) {
          outcome.videoFailed = true;
          await sink.write(frame);
          outcome.videoFailed = false;
          outcome.frames++;
        }
        collectGarbage(); // left alone, V8 lets its heap grow for hundreds of blocks before it settles
      }
    }
  } finally {
    progress.stop();
    stages.end();
  }
}

/** Completes the outputs of a run that ended early, and says in the error's message what they hold. */
async function keepFinished(run: Run, { frames, videoFailed, blocks }: Outcome, error: unknown): Promise<unknown> {
  let problem = '';
  if (frames > 0 || blocks.length > 0) {
    await run.finishEarly().catch((second: Error) => {
      problem = `; ${second.message}`;
    });
  }
  if (videoFailed || !(error instanceof TokenTrimError)) return error;
  const kept = frames > 0 ? `${run.sink.path} holds the ${frames} frames that were finished` : 'no frame was finished';
  return new TokenTrimError(`${error.message.replace(/\.$/, '')}${problem || `; ${kept}`}`, { cause: error });
}
