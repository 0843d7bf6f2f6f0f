import type { PlannedClip } from '../batch/clips.js';
import { ensure } from '../errors.js';
import { collectGarbage } from '../media/collectGarbage.js';
import type { FrameSink } from '../media/frameSink.js';
import type { ClipPlace } from '../node/batch/batchFolder.js';
import { promptStoreIn } from '../node/generate.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { openDevice } from '../node/openDevice.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { PlanSeries } from '../pipelines/planSeries.js';
import type { RunState } from '../pipelines/resume/runState.js';
import type { Device } from '../tensor/device.js';
import { openClipState } from './clipState.js';
import type { GenerateFlags } from './generateFlags.js';
import { measureKernels } from './measureKernels.js';
import { mediaTags } from './mediaTags.js';
import { say } from './output.js';
import { printable } from './printable.js';
import { reportPrompts } from './promptReport.js';
import { marksOf, openVideo } from './resumedVideo.js';
import { LONG_SECONDS } from './runResume.js';
import { publicRecord, VideoRecorder } from './videoRecord.js';

/** What was made of a clip. */
export interface MadeClip {
  readonly plan: Plan;
  readonly adapter: string;
  readonly frames: number;
  readonly seconds: number;
  readonly blocks: number;
  readonly trimmed: number[];
}

interface Opened {
  readonly device: Device;
  readonly series: PlanSeries;
}

/**
 * Makes clips one after another: the device is opened, weights are loaded and prompts embedded with the first, and again
 * with the one after a failure, of which a device may not recover.
 */
export class ClipMaker {
  #opened: Opened | undefined;
  readonly #said = new Set<string>();

  constructor(
    private readonly folder: ModelFolder,
    private readonly flags: GenerateFlags,
    private readonly clips: readonly PlannedClip[],
    private readonly signal: AbortSignal,
    private readonly onDevice: (device: Device) => void,
  ) {}

  /**
   * @param place where it is written, and the state of its run, from which it goes on
   * @param onEvent called now and then
   * @throws whatever the run does
   */
  async make(clip: PlannedClip, place: ClipPlace, onEvent: () => Promise<void>): Promise<MadeClip> {
    this.#opened ??= await this.#open();
    const { device, series } = this.#opened;
    const { folder, flags } = this;
    const start = performance.now();
    const plan = await series.settle(clip.draft);
    const { pixel, fps } = plan;
    const tags = mediaTags({ folder, flags, device, plan, prompts: await reportPrompts(folder, plan) });
    const format = { width: pixel.width, height: pixel.height, fps, tags };
    const { resume } = flags;
    const leastSeconds = typeof resume === 'string' ? 0 : LONG_SECONDS;
    const kept = resume === false ? undefined : await openClipState(place.state, plan, device, leastSeconds);
    const state = kept?.state;
    if (state?.saved) say(printable(`going on with ${clip.file}, from the state that a worker left of it`));
    let sink: FrameSink | undefined;
    let isWhole = false;
    try {
      sink = await openVideo(place.path, format, { force: true, state });
      const made = await this.#run(plan, sink, state, onEvent);
      await sink.close(
        flags.metadata ? JSON.stringify(publicRecord(made.recorder.record(sink.pictures, true))) : undefined,
      );
      isWhole = true;
      const { frames, blocks, trimmed } = made;
      const seconds = made.before + (performance.now() - start) / 1000;
      return { plan, adapter: series.adapter, frames, seconds, blocks, trimmed };
    } finally {
      if (sink && !isWhole) await state?.keepNote(() => marksOf(sink), true).catch(() => undefined);
      await sink?.abort();
      await kept?.folder.close();
    }
  }

  /** Runs a plan to its end, or from where its state is, and writes its pictures. */
  async #run(plan: Plan, sink: FrameSink, state: RunState | undefined, onEvent: () => Promise<void>) {
    const { device, series } = this.#opened as Opened;
    const recorder = new VideoRecorder({ device, plan });
    const trimmed: number[] = [];
    let [frames, blocks, before] = [state?.pictures ?? 0, 0, 0];
    ensure(sink.encoder !== 'png', () => `${sink.note}`);
    for await (const event of series.run(plan, state)) {
      await onEvent();
      if (event.kind === 'note') this.#sayOnce(event.note);
      if (event.kind === 'block') {
        blocks++;
        if (event.isRestored) before += event.seconds;
        recorder.addLatents(Float32Array.from(await device.read(event.latents)));
        if (event.decision?.triggered) trimmed.push(event.block);
      }
      if (event.kind !== 'frames') continue;
      for (const frame of event.frames) await sink.write(frame);
      frames += event.frames.length;
      await state?.keepNote(() => marksOf(sink));
      if (event.frames.length > 0) collectGarbage();
    }
    this.signal.throwIfAborted(); // what ended early is no clip
    ensure(frames === plan.shown.count, () => `the run made ${frames} frames of ${plan.shown.count}`);
    return { recorder, frames, blocks, trimmed, before };
  }

  /** Frees everything; the next clip opens it again. */
  close(): void {
    this.#opened?.series.dispose();
    this.#opened?.device.close();
    this.#opened = undefined;
  }

  async #open(): Promise<Opened> {
    const { adapter, kernels, gpuMemory, promptCache } = this.flags;
    const device = await openDevice({ adapter, kernels });
    try {
      if (device.note) this.#sayOnce(device.note);
      this.onDevice(device);
      await measureKernels(device, { measure: 'none' }); // trials by the clock would choose otherwise in another process
      const series = new PlanSeries(device, this.folder, {
        promptStore: promptStoreIn(promptCache ? undefined : false),
        allowedBytes: gpuMemory && gpuMemory * 1e9,
        signal: this.signal,
      });
      await series.embed(this.clips.map(({ draft }) => draft));
      return { device, series };
    } catch (error) {
      device.close();
      throw error;
    }
  }

  #sayOnce(note: string): void {
    if (!this.#said.has(note)) say(note);
    this.#said.add(note);
  }
}
