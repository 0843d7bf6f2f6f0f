import type { PlannedClip } from '../batch/clips.js';
import { ensure } from '../errors.js';
import { collectGarbage } from '../media/collectGarbage.js';
import { openFrameSink } from '../media/frameSink.js';
import { promptStoreIn } from '../node/generate.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { openDevice } from '../node/openDevice.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { PlanSeries } from '../pipelines/planSeries.js';
import type { Device } from '../tensor/device.js';
import { ClipRecorder, publicRecord } from './clipRecord.js';
import type { GenerateFlags } from './generateFlags.js';
import { measureKernels } from './measureKernels.js';
import { mediaTags } from './mediaTags.js';
import { say } from './output.js';
import { reportPrompts } from './promptReport.js';

/** What was made of a clip. */
export interface MadeClip {
  readonly plan: Plan;
  readonly adapter: string;
  readonly frames: number;
  readonly seconds: number;
  readonly blocks: number;
  readonly trimmed: number[];
}

/**
 * Makes clips one after another: the device is opened, weights are loaded and prompts embedded with the first, and again
 * with the one after a failure, of which a device may not recover.
 */
export class ClipMaker {
  #opened: { readonly device: Device; readonly series: PlanSeries } | undefined;
  readonly #said = new Set<string>();

  constructor(
    private readonly folder: ModelFolder,
    private readonly flags: GenerateFlags,
    private readonly clips: readonly PlannedClip[],
    private readonly signal: AbortSignal,
    private readonly onDevice: (device: Device) => void,
  ) {}

  /**
   * @param path where it is written; nothing of it stays where that fails
   * @param onEvent called now and then
   * @throws whatever the run does
   */
  async make(clip: PlannedClip, path: string, onEvent: () => Promise<void>): Promise<MadeClip> {
    this.#opened ??= await this.#open();
    const { device, series } = this.#opened;
    const { folder, flags } = this;
    const start = performance.now();
    const plan = await series.settle(clip.draft);
    const { pixel, fps, shown } = plan;
    const tags = mediaTags({ folder, flags, device, plan, prompts: await reportPrompts(folder, plan) });
    const sink = await openFrameSink(path, { width: pixel.width, height: pixel.height, fps, tags }, { force: true });
    const recorder = new ClipRecorder({ device, plan });
    const trimmed: number[] = [];
    let [frames, blocks] = [0, 0];
    try {
      ensure(sink.encoder !== 'png', () => `${sink.note}`);
      for await (const event of series.run(plan)) {
        await onEvent();
        if (event.kind === 'note') this.#sayOnce(event.note);
        if (event.kind === 'block') {
          blocks++;
          recorder.addLatents(Float32Array.from(await device.read(event.latents)));
          if (event.decision?.triggered) trimmed.push(event.block);
        }
        if (event.kind !== 'frames') continue;
        for (const frame of event.frames) await sink.write(frame);
        frames += event.frames.length;
        collectGarbage();
      }
      this.signal.throwIfAborted(); // what ended early is no clip
      ensure(frames === shown.count, () => `the run made ${frames} frames of ${shown.count}`);
      const record = publicRecord(recorder.record(sink.pictures, true));
      await sink.close(flags.metadata ? JSON.stringify(record) : undefined);
    } finally {
      await sink.abort();
    }
    const seconds = (performance.now() - start) / 1000;
    return { plan, adapter: series.adapter, frames, seconds, blocks, trimmed };
  }

  /** Frees everything; the next clip opens it again. */
  close(): void {
    this.#opened?.series.dispose();
    this.#opened?.device.close();
    this.#opened = undefined;
  }

  async #open(): Promise<{ device: Device; series: PlanSeries }> {
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
