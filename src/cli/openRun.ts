import { type FrameSink, openFrameSink } from '../media/frameSink.js';
import { OutputFile } from '../node/files/outputFile.js';
import { GrowingSafetensors } from '../node/weights/growingSafetensors.js';
import type { NoiseSource } from '../pipelines/noise/noise.js';
import { fileNoise, recordNoise } from '../pipelines/noise/recordedNoise.js';
import { methodOf } from '../pipelines/plan/methods.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { frameShape } from '../pipelines/plan/planVideo.js';
import type { GenerateFlags } from './generateFlags.js';
import { mediaTags } from './mediaTags.js';
import type { PreparedRun } from './preparedRun.js';
import { Closers } from './prepareRun.js';
import { openVideo } from './resumedVideo.js';
import { sidecarPath } from './runFiles.js';
import { openRunTrace, type RunTrace } from './runTrace.js';
import { publicRecord, VideoRecorder } from './videoRecord.js';

/** A prepared run with its outputs opened: what they refuse is refused before anything is generated. */
export interface Run extends Omit<PreparedRun, 'recording'> {
  /** Absent where no pictures are made. */
  readonly sink: FrameSink | undefined;
  /** Of the preview, which is complete when the rollout is. */
  readonly preview: FrameSink | undefined;
  readonly latents: GrowingSafetensors | undefined;
  readonly trace: RunTrace | undefined;
  /** What the outputs will say of how they were made. */
  readonly recorder: VideoRecorder;
  /** Completes the video and the recordings, which then replace what an earlier run left in their places. */
  finish(): Promise<void>;
  /** Completes them with what they hold, and replaces nothing. */
  finishEarly(): Promise<void>;
  /** Gives back what is still open; what was not finished is removed, except frames that are in the video. */
  close(): Promise<void>;
}

/** Opens the outputs; the prepared run stays the caller's to close. */
export async function openRun(prepared: PreparedRun): Promise<Run> {
  const { plan, flags } = prepared;
  const opened = new Closers();
  try {
    const { latents, noise, files } = await openRecordings(prepared, opened);
    const format = { width: plan.pixel.width, height: plan.pixel.height, fps: plan.fps, tags: mediaTags(prepared) };
    const sink = flags.latentsOnly
      ? undefined
      : await openVideo(flags.out, format, { force: flags.force, state: prepared.resume?.state });
    if (sink) opened.add(() => sink.abort());
    const preview =
      flags.preview === undefined ? undefined : await openFrameSink(flags.preview, format, { force: flags.force });
    if (preview) opened.add(() => preview.abort());

    const trace = await openRunTrace(flags);
    if (trace) opened.add(() => trace.close());

    const recorder = new VideoRecorder(prepared);
    const sidecar = await openSidecar(flags);
    if (sidecar) opened.add(async () => void (await sidecar.giveUp()));

    const end = async (isEarly: boolean) => {
      const record = recorder.record(sink?.pictures, !isEarly);
      const text = flags.metadata ? JSON.stringify(publicRecord(record)) : undefined;
      const video = isEarly ? sink?.closeEarly(text) : sink?.close(text);
      const quick = isEarly ? preview?.closeEarly() : preview?.close();
      const results = await Promise.allSettled([
        ...[video, quick, trace?.finish(isEarly)],
        ...files.map((file) => file.close(isEarly)),
      ]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      if (isEarly || !sidecar) return;
      await sidecar.write(Buffer.from(`${JSON.stringify(record)}\n`), 0);
      await sidecar.finish();
    };
    const [finish, finishEarly] = [() => end(false), () => end(true)];
    const inputs = { ...prepared.inputs, noise };
    return {
      ...prepared,
      inputs,
      sink,
      preview,
      latents,
      trace,
      recorder,
      finish,
      finishEarly,
      close: () => opened.close(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The file of `--sidecar`. */
async function openSidecar(flags: GenerateFlags): Promise<OutputFile | undefined> {
  const path = sidecarPath(flags);
  return path === undefined ? undefined : OutputFile.open(path, { option: '--sidecar', force: flags.force });
}

/** The noise of a run, read from a file, written to one or neither, and the file for its latents. */
async function openRecordings(
  { folder: { config }, plan, flags, promptText, recording }: PreparedRun,
  opened: Closers,
) {
  const shape = frameShape(config, plan);
  const method = methodOf(plan);
  const seed = typeof plan.noise === 'object' && 'seed' in plan.noise ? plan.noise.seed : '0';
  const newNoise = (): NoiseSource =>
    recording
      ? fileNoise(recording, shape, plan.frames, method.draws(plan))
      : method.seedNoise(plan, config.transformer.in_dim, seed);
  const plainNoise = newNoise();

  const said = { prompt: promptText, preset: plan.preset, ...(recording ? {} : { seed }) };
  const metadata = { format: 'pt', ...(flags.metadata ? said : {}) };
  const files: GrowingSafetensors[] = [];
  const create = async (option: string, path: string | undefined, maxTensors: number) => {
    if (path === undefined) return undefined;
    const file = await GrowingSafetensors.create(path, maxTensors, metadata, { option, force: flags.force });
    opened.add(() => file.abandon());
    files.push(file);
    return file;
  };
  const latents = await create('--save-latents', flags.saveLatents, 1);
  latents?.begin('latents', shape, true);
  const noiseFile = await create('--save-noise', flags.saveNoise, mostTensors(plan));
  const recorded = { frames: plan.frames, framesPerBlock: method.framesAtOnce(plan), frameShape: shape };
  const noise = () => (noiseFile ? recordNoise(plainNoise, newNoise(), noiseFile, recorded) : plainNoise);
  return { latents, noise, files };
}

/** Most tensors of a noise recording: the initial noise, and every draw of a run in which all that may trigger does. */
function mostTensors(plan: Plan): number {
  const method = methodOf(plan);
  const regenerations = typeof plan.trim === 'object' ? plan.trim.maxRegenerations : 0;
  return 1 + method.draws(plan) + method.blocks(plan) * regenerations * method.drawsAgain(plan);
}
