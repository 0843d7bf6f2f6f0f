import { setTimeout as wait } from 'node:timers/promises';
import type { Claim } from '../batch/claims.js';
import { distinctPrompts, type PlannedClip, planClips } from '../batch/clips.js';
import { FailuresInARow } from '../batch/failuresInARow.js';
import { type BatchWork, type ClipEnd, workBatch } from '../batch/workBatch.js';
import { ensure, TokenTrimError } from '../errors.js';
import { BatchFolder } from '../node/batch/batchFolder.js';
import { clearClaims, openClaims } from '../node/batch/claimFiles.js';
import { registerClips } from '../node/batch/clipLists.js';
import { CLIP_VERSION } from '../node/batch/clipRecord.js';
import { ownProcess } from '../node/files/processIdentity.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { planRun } from '../pipelines/plan/planRun.js';
import { PROGRAM } from '../version.js';
import { type BatchRequest, batchRequest } from './batchOptions.js';
import { ClipMaker } from './clipMaker.js';
import { messageOf } from './fail.js';
import type { GenerateFlags } from './generateFlags.js';
import { type Interrupt, watchInterrupt } from './interrupt.js';
import { openModel } from './openModel.js';
import { print, say, startProgress } from './output.js';
import { ownShare } from './ownShare.js';
import { choices, requestOf } from './prepareRun.js';
import { printable } from './printable.js';
import { asUsage } from './usageError.js';

/** Milliseconds between looks at clips that others make. */
const LOOK_MS = 1000;

/** Signs of life in the time after which a worker is taken for dead. */
const BEATS = 6;

/** How an unfinished clip is named, which differs from try to try. */
const WORK_NAME = /[0-9a-f]{32}-[0-9a-f]{8}/g;

/** `tokentrim generate --out-dir`. */
export async function runBatch(prompt: string | undefined, flags: GenerateFlags): Promise<void> {
  const request = await batchRequest(prompt, flags);
  const prompts = distinctPrompts(request.prompts);
  const twice = request.prompts.length - prompts.length;
  if (twice > 0) say(`note: ${twice} of ${request.prompts.length} prompts stand there twice: each is made once`);
  const interrupt = watchInterrupt();
  const model = await openModel(flags);
  try {
    const stand = { ...requestOf(model, flags), ...choices('any', { ...flags, seed: '0' }) };
    const draft = await asUsage(() => planRun(model, stand));
    const all = await planClips(draft, prompts, request.seeds);
    const { items: clips } = ownShare(all, request.shard);
    const states = typeof flags.resume === 'string' ? flags.resume : undefined;
    const folder = new BatchFolder(request.outDir, states);
    if (flags.dryRun) return await printClips(folder, clips);
    await folder.make();
    await registerClips(folder, all, flags.force);
    await makeClips(folder, model, clips, request, flags, interrupt);
  } finally {
    await model.close();
    interrupt.release();
  }
}

/** What would be made, a line each. */
async function printClips(folder: BatchFolder, clips: readonly PlannedClip[]): Promise<void> {
  for (const clip of clips) {
    const state = (await folder.finished(clip, true)) ? 'finished' : 'to make';
    print(`${state}  seed ${clip.seed}  ${folder.video(clip)}\n`);
  }
}

async function makeClips(
  folder: BatchFolder,
  model: ModelFolder,
  clips: readonly PlannedClip[],
  { expirySeconds, outDir }: BatchRequest,
  flags: GenerateFlags,
  interrupt: Interrupt,
): Promise<void> {
  const { signal } = interrupt;
  const counts: Record<ClipEnd, number> = { made: 0, found: 0, failed: 0, 'failed elsewhere': 0 };
  const progress = startProgress({ total: clips.length, label: 'clips' });
  const maker = new ClipMaker(model, flags, clips, signal, ({ kind, kernels }) => {
    interrupt.isCompiling = () => kernels.pending.length > 0;
    // Its kernels run on this thread, and signals would wait for them: they end the process instead.
    if (kind === 'reference' || kind === 'interpreter') interrupt.release();
  });
  const began = Date.now();
  const ended = () => counts.made + counts.found + counts.failed + counts['failed elsewhere'];
  const failures = new FailuresInARow();
  const finished: PlannedClip[] = [];
  let sign = async (): Promise<void> => undefined;
  const work: BatchWork = {
    isFinished: async (clip) => (await folder.finished(clip, true)) !== undefined,
    hasFailedSince: async (clip) => Date.parse((await folder.failed(clip))?.ended ?? '') >= began,
    async make(clip, claim) {
      progress.update(ended(), printable(clip.file));
      const place = await folder.begin(clip, flags.force);
      const { plan, ...made } = await maker.make(clip, place, () => sign());
      const { file, prompt, seed, index, digest } = clip;
      const record = { ...whatEnded(), file, prompt, seed, index, digest, ...made, plan };
      const isOurs = (await folder.publish(clip, place.path, record, { claim, force: flags.force })) !== undefined;
      if (isOurs) await folder.sweep(clip); // the state of its run
      failures.clear();
      return isOurs;
    },
    async fail(clip, error) {
      maker.close();
      await folder.sweep(clip).catch(() => undefined);
      const { file, prompt, seed, index } = clip;
      const message = messageOf(error);
      const failure = { ...whatEnded(), file, prompt, seed, index, error: message };
      await folder.writeWhole(folder.failure(clip), `${JSON.stringify(failure, null, 1)}\n`);
      say(printable(`failed: ${file}: ${message}`));
      ensure(
        !failures.add(message.replace(WORK_NAME, '')),
        () =>
          `the last three clips failed alike, so the ${clips.length - ended() - 1} after them are not tried: ${message}`,
      );
    },
    pause: () => wait(LOOK_MS, undefined, { signal }).catch(() => undefined),
    keepAlive(claim) {
      interrupt.onPatienceEnd = () => claim.release('free');
      const { beat, stop } = beating(claim, (1000 * expirySeconds) / BEATS);
      sign = beat;
      return stop;
    },
    ended(clip, end) {
      counts[end]++;
      if (end === 'made' || end === 'found') finished.push(clip);
      progress.update(ended());
    },
    waiting: (count) => say(`${count} clips are made by other workers: waiting for them`),
  };
  try {
    await workBatch(clips, openClaims(folder.part('claims'), expirySeconds), work, signal);
    await clearClaims(folder.part('claims'), finished);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = interrupt.status;
    const left = clips.length - ended();
    throw new TokenTrimError(`interrupted: ${left} of ${clips.length} clips are left; the same line again goes on`);
  } finally {
    progress.stop();
    maker.close();
  }
  const failed = counts.failed + counts['failed elsewhere'];
  say(`${outDir}: ${clips.length} clips: ${counts.made} made, ${counts.found} found finished, ${failed} failed`);
  ensure(
    failed === 0,
    `${failed} of ${clips.length} clips failed: \`tokentrim status ${outDir}\` says why; the same line again tries them again`,
  );
}

function whatEnded() {
  const { pid, host } = ownProcess();
  return { version: CLIP_VERSION, program: PROGRAM, worker: { pid, host }, ended: new Date().toISOString() } as const;
}

/** Signs of life by a timer, and also between the events of a run, whose kernels may keep the timer waiting. */
function beating(claim: Claim, every: number): { beat: () => Promise<void>; stop: () => void } {
  let last = performance.now();
  const beat = async () => {
    if (performance.now() - last < every) return;
    last = performance.now();
    await claim.beat().catch(() => undefined); // whether it is still held shows when the clip is finished
  };
  const timer = setInterval(() => void beat(), every / 2).unref();
  return { beat, stop: () => clearInterval(timer) };
}
