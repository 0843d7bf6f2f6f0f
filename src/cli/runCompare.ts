import { buildReport } from '../compare/buildReport.js';
import { pairsOf } from '../compare/pairs.js';
import { planDigest } from '../compare/planDigest.js';
import { RunMaker, type RunTask } from '../compare/runMaker.js';
import type { RunRecord } from '../compare/runRecord.js';
import { ensure, TokenTrimError } from '../errors.js';
import { type RunPlace, readRun, writeRun } from '../node/compare/runFiles.js';
import { writeReport } from '../node/compare/writeReport.js';
import { makeFolder } from '../node/files/makeFolder.js';
import { promptStoreIn } from '../node/generate.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { openDevice } from '../node/openDevice.js';
import { COMPARISON_PAGE, readViewer } from '../node/trace/viewerPage.js';
import { armsOf } from './arms.js';
import type { CompareFlags } from './compareCommand.js';
import { readPrompts } from './compareLists.js';
import { type PlannedArm, planArms, planOfPair, reportedArms } from './comparePlans.js';
import { comparisonTables } from './compareTables.js';
import type { GenerateFlags } from './generateFlags.js';
import { watchInterrupt } from './interrupt.js';
import { isKept, keepRun, keptPaths, writeManifests } from './keptRuns.js';
import { measureKernels } from './measureKernels.js';
import { openModel } from './openModel.js';
import { print, say, startProgress } from './output.js';
import { ownShare } from './ownShare.js';

/** A run of a comparison, and its record where it is finished. */
interface Run {
  readonly task: RunTask;
  readonly place: RunPlace;
  record?: RunRecord;
}

/** `tokentrim compare`. */
export async function runCompare(flags: CompareFlags, shared: Readonly<Record<string, unknown>>): Promise<void> {
  const prompts = await readPrompts(flags.prompts, flags.prompt);
  const arms = armsOf(flags.arms ?? [], flags.arm ?? []);
  const all = await pairsOf(prompts, flags.seeds);
  const { items: pairs, share } = flags.reportOnly ? { items: all, share: undefined } : ownShare(all, flags.shard);
  if (!share) await readViewer(COMPARISON_PAGE); // refused now where it was not built, and not after hours
  const folder = await openModel({ preset: flags.preset[0], ...shared } as unknown as GenerateFlags);
  try {
    const planned = await planArms(folder, arms, flags.preset, shared);
    await makeFolder(flags.out, flags.out);
    if (flags.keepVideos && !flags.reportOnly) await writeManifests(flags.out, planned, all);
    const runs: Run[] = [];
    for (const pair of pairs) for (const each of planned) runs.push(await runOf(each, pair));
    const kept = { videos: flags.keepVideos, traces: flags.keepTraces };
    for (const run of runs) {
      if (flags.reportOnly || isKept(flags.out, run.task, kept)) {
        run.record = await readRun(flags.out, run.place, run.task.digest);
      }
    }
    const missing = runs.filter(({ record }) => !record);
    say(`${runs.length} runs of ${pairs.length} pairs, ${runs.length - missing.length} of them finished`);
    if (missing.length > 0 && !flags.reportOnly) await makeRuns(folder, missing, flags, shared);
    if (share) return say('this was a share of the pairs: the same line without --shard writes the report');
    const records = runs.flatMap(({ record }) => record ?? []);
    ensure(
      records.length > 0,
      `${flags.out}: there is no finished run to report: leave out --report-only to make some`,
    );
    const tasks = new Map(runs.map(({ task, place }) => [JSON.stringify(place), task]));
    const keptOf = ({ preset, arm, pair }: RunRecord) =>
      keptPaths(flags.out, tasks.get(JSON.stringify({ preset, arm, pair })) as RunTask);
    const report = buildReport({ presets: flags.preset, arms: reportedArms(planned), records, keptOf });
    print(comparisonTables(report, process.stdout.columns));
    await writeReport(flags.out, report, records);
    say(`${flags.out}: report.html, report.json, runs.csv`);
  } finally {
    await folder.close();
  }
}

async function runOf(planned: PlannedArm, pair: RunTask['pair']): Promise<Run> {
  const { preset, arm } = planned;
  const draft = planOfPair(planned, pair);
  const task = { draft, pair, arm: arm.name, digest: await planDigest(draft) };
  return { task, place: { preset, arm: arm.name, pair: pair.name } };
}

/** Makes what is missing, one run after another, and writes each down when it is finished. */
async function makeRuns(
  folder: ModelFolder,
  runs: readonly Run[],
  flags: CompareFlags,
  shared: Partial<GenerateFlags>,
): Promise<void> {
  const interrupt = watchInterrupt();
  const { adapter, kernels, gpuMemory, promptCache = true } = shared;
  const device = await openDevice({ adapter, kernels });
  const kept = { videos: flags.keepVideos, traces: flags.keepTraces };
  const isKeeping = kept.videos || kept.traces;
  const keeping = { folder: flags.out, device, model: folder, kept, force: flags.force };
  const progress = startProgress({ total: runs.length, label: 'comparing' });
  let maker: RunMaker | undefined;
  try {
    await measureKernels(device, { measure: 'none' }); // trials by the clock would choose otherwise in another process
    maker = new RunMaker(device, folder, {
      promptStore: promptStoreIn(promptCache ? undefined : false),
      allowedBytes: gpuMemory && gpuMemory * 1e9,
      signal: interrupt.signal,
      watch: isKeeping ? (events, plan, task) => keepRun(events, plan, task, keeping) : undefined,
    });
    await maker.embed(runs.map(({ task }) => task));
    for (const [index, run] of runs.entries()) {
      progress.update(index, `${run.place.preset} ${run.place.arm}`);
      run.record = await maker.make(run.task);
      await writeRun(flags.out, run.record);
    }
    progress.update(runs.length);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = interrupt.status;
    const finished = runs.filter(({ record }) => record).length;
    throw new TokenTrimError(
      `interrupted: ${finished} runs were finished, ${runs.length - finished} are missing; the same line again goes on`,
    );
  } finally {
    progress.stop();
    maker?.dispose();
    device.close();
    interrupt.release();
  }
}
