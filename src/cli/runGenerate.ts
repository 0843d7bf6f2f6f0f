import { TokenTrimError } from '../errors.js';
import { collectGarbage } from '../media/collectGarbage.js';
import { LaunchLog } from '../node/launchLog.js';
import { methodOf } from '../pipelines/plan/methods.js';
import { runPlan } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { IdleRetries } from '../trace/idleRetries.js';
import { recordRun } from '../trace/recordRun.js';
import { fail, failToPrint } from './fail.js';
import type { GenerateFlags } from './generateFlags.js';
import { type Interrupt, watchInterrupt } from './interrupt.js';
import { openRun, type Run } from './openRun.js';
import { detail, emit, print, say, show, startProgress } from './output.js';
import { formatPlan } from './planReport.js';
import type { PreparedRun } from './preparedRun.js';
import { prepareRun } from './prepareRun.js';
import { blockNote, blockRow, blockTable, closingLine, compileNote, kernelTable } from './report.js';
import { marksOf } from './resumedVideo.js';
import { emitCompiling, emitRunEvent } from './runEvents.js';
import { printAtEnd, RunReport } from './runReport.js';
import { seedOf } from './settings.js';
import { StageLog } from './stageLog.js';

/** Times that an adapter which was lost is opened again. */
const MOST_LOST = 3;

/**
 * `tokentrim generate`. A run that keeps its state goes on by itself where its adapter is lost.
 * @param report is told how it went
 */
export async function runGenerate(
  prompt: string | undefined,
  flags: GenerateFlags,
  report: RunReport = new RunReport(flags.json),
): Promise<void> {
  if (flags.json) printAtEnd(report, failToPrint);
  const interrupt = watchInterrupt();
  try {
    for (let lost = 0; (await runOnce(prompt, flags, report, interrupt, lost < MOST_LOST)) === 'lost'; lost++) {
      report.blocks.length = 0; // they are told again
      say('note: the adapter was lost: it is opened again, and the run goes on from its state');
    }
  } finally {
    interrupt.release();
  }
}

/** @returns `lost` where the adapter was, and there is a state to go on from */
async function runOnce(
  prompt: string | undefined,
  flags: GenerateFlags,
  report: RunReport,
  interrupt: Interrupt,
  mayGoOn: boolean,
): Promise<'lost' | undefined> {
  let prepared: PreparedRun | undefined;
  let run: Run | undefined;
  try {
    prepared = await prepareRun(prompt, flags, interrupt.signal).catch((error) => {
      throw interrupt.signal.aborted ? nothingGenerated(interrupt.status) : error;
    });
    const { kernels } = prepared.device;
    interrupt.isCompiling = () => kernels.pending.length > 0;
    report.prepared = prepared;
    const digested = report.digestWeights(prepared.folder.files);
    run = await openRun(prepared); // and closed again by a dry run, which leaves nothing behind
    for (const line of prepared.notes) say(line);
    const planned = prepared;
    const seed = seedOf(prepared.plan);
    if (flags.dryRun) {
      await digested;
      if (interrupt.signal.aborted) throw nothingGenerated(interrupt.status);
      if (!flags.json) print(formatPlan(prepared, seed));
      report.status = 'planned';
      return undefined;
    }
    detail(() => formatPlan(planned, seed).trimEnd());
    report.sink = run.sink;
    report.frames = prepared.resume?.state.pictures ?? 0;
    const outcome: Outcome = { report, idle: new IdleRetries(), videoFailed: false };
    const opened = run;
    // Where the call at hand takes too long: the files do not need the device.
    interrupt.onPatienceEnd = async () => fail(await keepFinished(opened, outcome, new TokenTrimError('interrupted')));
    // Its kernels run on this thread, and signals would wait for the end of a call: they end the process instead, and what
    // is in the partial video plays.
    if (run.device.kind === 'reference' || run.device.kind === 'interpreter') interrupt.release();
    try {
      await rollOut(run, outcome, interrupt);
      interrupt.signal.throwIfAborted();
      await run.finish();
    } catch (error) {
      if (mayGoOn && !interrupt.signal.aborted && run.resume?.state.isKept && (await isLost(run.device))) {
        await run.finishEarly().catch(() => undefined);
        return 'lost';
      }
      process.exitCode = interrupt.status || 1;
      throw await keepFinished(run, outcome, interrupt.signal.aborted ? new TokenTrimError('interrupted') : error);
    }
    if (prepared.resume?.state.isKept) detail(() => stateNote(planned));
    await prepared.resume?.discard();
    if (run.sink?.note) say(run.sink.note);
    for (const note of run.trace?.notes ?? []) say(note);
    if (flags.profile) {
      report.kernels = await run.device.kernelTimes();
      show(kernelTable(report.kernels, run.device.kernels));
    }
    await digested;
    report.record = run.recorder.record(run.sink?.pictures, true);
    report.status = 'finished';
    const { blocks, ...made } = report.toJSON('finished', null);
    emit('done', { out: run.sink?.path ?? null, frames: report.frames });
    if (!flags.json) show(blockTable(blocks, prepared.plan.trim, outcome.idle) + closingLine({ ...made, blocks }));
  } finally {
    await run?.close();
    await prepared?.close();
  }
  return undefined;
}

/** WebGPU tells of a loss a moment after what fails by it. */
async function isLost(device: Device): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return device.isLost === true;
}

/** What the state of a run took. */
function stateNote({ resume }: PreparedRun): string {
  const seconds = resume?.state.seconds ?? 0;
  const share = (100 * seconds) / (performance.now() / 1000);
  return `${resume?.path}: the run's state took ${seconds.toFixed(2)} s, ${share.toFixed(2)}% of the time`;
}

/** What is said of a signal that came before the first call. */
function nothingGenerated(status: number): TokenTrimError {
  process.exitCode = status;
  return new TokenTrimError('interrupted; nothing was generated');
}

/** What a rollout came to, whole or not. */
interface Outcome {
  readonly report: RunReport;
  readonly idle: IdleRetries;
  /** Whether it was the video that could not be written: its error says what became of it. */
  videoFailed: boolean;
}

/** Generates, writes latents and pictures as they come, and stops early where the user asks. */
async function rollOut(run: Run, outcome: Outcome, interrupt: Interrupt): Promise<void> {
  const { signal } = interrupt;
  const { folder, device, plan, inputs, sink, preview, latents, trace, recorder, resume } = run;
  const { report } = outcome;
  const total = methodOf(plan).calls(plan);
  const activity = () => compileNote(device.kernels.pending);
  const pictures = sink ? methodOf(plan).blocks(plan) : 0; // those of a block count as a call: they take as long, or longer
  const progress = startProgress({ total: total + pictures, label: plan.preset, activity });
  const stages = new StageLog(device);
  const endCompiling = emitCompiling(device.kernels);
  let calls = 0;
  const advance = () => {
    const made = Math.floor((pictures * report.frames) / plan.shown.count);
    progress.update(calls + made, blockNote(report.blocks.at(-1)));
  };
  try {
    signal.throwIfAborted();
    const events = LaunchLog.follow(device, runPlan(device, folder, plan, { ...inputs, signal }));
    const isStopped = () => signal.aborted;
    const told = trace ? recordRun(events, trace.sink, device, folder, { isStopped, latents: trace.latents }) : events;
    for await (const event of told) {
      outcome.idle.add(event);
      if (event.kind === 'note') say(event.note);
      if (event.kind === 'stage') stages.begin(event.stage);
      if (event.kind === 'stage' && event.stage === 'rollout') interrupt.isCompiling = () => false; // kernels are made by now
      if (event.kind === 'stage' && event.stage === 'decode') await preview?.close();
      if (event.kind === 'preview') for (const frame of event.frames) await preview?.write(frame);
      if (event.kind === 'step' && event.attempt === 0) calls++;
      if (event.kind === 'step') advance();
      if (event.kind === 'block' && event.isRestored) calls += Math.round(total / methodOf(plan).blocks(plan));
      if (event.kind === 'block') {
        const values = Float32Array.from(await device.read(event.latents));
        recorder.addLatents(values);
        await latents?.append(values);
        if (event.decision) report.blocks.push(blockRow(event.decision, event.seconds));
      }
      if (event.kind === 'frames') {
        for (const frame of event.frames) {
          outcome.videoFailed = true;
          await sink?.write(frame);
          outcome.videoFailed = false;
          report.frames++;
        }
        await resume?.state.keepNote(() => marksOf(run.sink));
        advance();
        // Left alone, V8 lets its heap grow for hundreds of blocks before it settles. Blocks that come from a state have no
        // pictures: to collect after each would take longer than all else.
        if (event.frames.length > 0) collectGarbage();
      }
      const { frames, blocks } = report;
      const gpuBytes = device.kind === 'gpu' ? device.memory.bytes : 0;
      emitRunEvent(event, { calls, total, frames, allFrames: plan.shown.count, block: blocks.at(-1), gpuBytes });
    }
  } finally {
    endCompiling();
    progress.stop();
    stages.end();
  }
}

/** Completes the outputs of a run that ended early, and says in the error's message what they hold, and how to go on. */
async function keepFinished(run: Run, { report, videoFailed }: Outcome, error: unknown): Promise<unknown> {
  const { frames, blocks } = report;
  let problem = '';
  await run.resume?.state.keepNote(() => marksOf(run.sink), true).catch(() => undefined);
  if (frames > 0 || blocks.length > 0) {
    await run.finishEarly().catch((second: Error) => {
      problem = second.message;
    });
  }
  if (!(error instanceof TokenTrimError)) return error;
  const advice = run.resume?.advice ?? '';
  const isTold = videoFailed || problem === error.message; // what the video holds
  if (isTold && advice === '') return error;
  const place = run.sink?.path ?? (await run.latents?.close(true));
  const [count, what] = run.sink ? [frames, 'frames'] : [blocks.length, 'blocks'];
  const kept =
    count > 0 ? `${place} holds the ${count} ${what} that were finished` : `no ${what.slice(0, -1)} was finished`;
  const rest = isTold ? '' : `; ${problem || kept}`;
  return new TokenTrimError(`${error.message.replace(/\.$/, '')}${rest.replace(/\.$/, '')}${advice}`, { cause: error });
}
