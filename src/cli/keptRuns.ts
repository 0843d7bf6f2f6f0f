import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Pair } from '../compare/pairs.js';
import type { RunTask } from '../compare/runMaker.js';
import { vbenchManifest } from '../measures/vbenchName.js';
import type { Model } from '../models/wan/model.js';
import { writeWhole } from '../node/compare/runFiles.js';
import { makeFolder } from '../node/files/makeFolder.js';
import type { Plan } from '../pipelines/plan/plan.js';
import type { GenerateEvent } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { recordRun } from '../trace/recordRun.js';
import type { PlannedArm } from './comparePlans.js';

/** What is kept of runs beside their numbers. */
export interface Kept {
  readonly videos?: boolean;
  readonly traces?: boolean;
}

/** Where the video of a run goes, below the folder of the comparison: by the name that VBench's scripts look for. */
export function videoPath({ draft, arm, pair }: Pick<RunTask, 'draft' | 'arm' | 'pair'>): string {
  return join('videos', draft.preset, arm, pair.file);
}

/**
 * Writes the prompts of every arm's videos for VBench (`vbenchManifest`), beside their folder: of all that there will be.
 * @throws TokenTrimError where they cannot be written
 */
export async function writeManifests(
  folder: string,
  arms: readonly PlannedArm[],
  pairs: readonly Pair[],
): Promise<void> {
  const manifest = vbenchManifest(pairs.map((pair) => ({ ...pair, index: Number(pair.seed) })));
  for (const { preset, arm } of arms) {
    const path = join(folder, 'videos', preset, `${arm.name}.json`);
    await makeFolder(dirname(path), path);
    await writeWhole(path, `${JSON.stringify(manifest, null, 1)}\n`);
  }
}

/** Where the trace of a run goes; its page is the same with .html. */
export function tracePath({ draft, arm, pair }: Pick<RunTask, 'draft' | 'arm' | 'pair'>): string {
  return join('traces', draft.preset, arm, `${pair.name}.trace`);
}

export const tracePage = (task: RunTask): string => tracePath(task).replace(/\.trace$/, '.html');

/** Whether all that is to be kept of a run is there. */
export function isKept(folder: string, task: RunTask, { videos, traces }: Kept): boolean {
  const isThere = (path: string) => existsSync(join(folder, path));
  return (!videos || isThere(videoPath(task))) && (!traces || isThere(tracePage(task)));
}

/** What of a run is there, as paths below the folder of the comparison. */
export function keptPaths(folder: string, task: RunTask): { readonly video?: string; readonly trace?: string } {
  const found = (path: string) => (existsSync(join(folder, path)) ? path.replaceAll('\\', '/') : undefined);
  const [video, trace] = [found(videoPath(task)), found(tracePage(task))];
  return { ...(video ? { video } : {}), ...(trace ? { trace } : {}) };
}

/**
 * Writes what is kept of a run while it goes; files get their names when they are whole. Nothing of this is loaded where
 * nothing is kept: video codecs are large.
 */
export async function* keepRun(
  events: AsyncGenerator<GenerateEvent>,
  plan: Plan,
  task: RunTask,
  { folder, device, model, kept, force }: KeepOptions,
): AsyncGenerator<GenerateEvent> {
  const video = kept.videos ? await openVideo(join(folder, videoPath(task)), plan, force) : undefined;
  const path = join(folder, tracePath(task));
  const trace = kept.traces ? await openTrace(path, join(folder, tracePage(task)), force) : undefined;
  try {
    const told = trace ? recordRun(events, trace.sink, device, model) : events;
    for await (const event of told) {
      if (event.kind === 'frames') for (const frame of event.frames) await video?.write(frame);
      yield event;
    }
    await video?.close();
    await trace?.finish(false);
  } finally {
    await video?.abort();
    await trace?.close();
  }
}

interface KeepOptions {
  readonly folder: string;
  readonly device: Device;
  readonly model: Model;
  readonly kept: Kept;
  readonly force?: boolean;
}

async function openTrace(trace: string, report: string, force?: boolean) {
  const { openRunTrace } = await import('./runTrace.js');
  await makeFolder(dirname(trace), trace);
  return openRunTrace({ trace, report, force });
}

async function openVideo(path: string, { pixel, fps, prompts }: Plan, force?: boolean) {
  const { openFrameSink } = await import('../media/frameSink.js');
  await makeFolder(dirname(path), path);
  const tags = { description: prompts[0].prompt };
  return openFrameSink(path, { width: pixel.width, height: pixel.height, fps, tags }, { force });
}
