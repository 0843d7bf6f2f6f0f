import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSheet } from '../../dist/media/sheets.js';
import { openModelFolder } from '../../dist/node/model/modelFolder.js';
import { toyWorld } from '../../dist/node/model/toyWorld.js';
import { openDevice } from '../../dist/node/openDevice.js';
import { TraceFolder } from '../../dist/node/trace/traceFolder.js';
import { generate } from '../../dist/pipelines/generate.js';
import { recordRun } from '../../dist/trace/recordRun.js';

const PROMPT = 'a red circle bounces left and right on a navy background';

/** A video of the toy world that is made block by block, on a device of its own, so that several can take turns. */
export class ToyRun {
  /** Of each block with its pictures: by the wall's clock, and of this process on its processors. */
  seconds = [];
  processorSeconds = [];
  /** The most device memory until the end of each block. */
  peaks = [];
  triggered = 0;

  /** @param options { preset, blocks, trim, isTraced }: TokenTrim's parameters, or false; whether a trace is written */
  static async open(options) {
    const run = new ToyRun();
    run.folder = await openModelFolder(toyWorld);
    run.device = await openDevice();
    const { frames_per_block: size, fps } = { ...run.folder.config.sampling };
    const frames = 1 + 4 * (options.blocks * size - 1);
    run.videoSeconds = frames / fps;
    const request = { prompt: PROMPT, seed: 24, frames, preset: options.preset, trim: options.trim, decode: 'during' };
    run.events = generate(run.device, run.folder, { ...request, watch: options.isTraced && { rejected: true } });
    if (options.isTraced) {
      run.place = await mkdtemp(join(tmpdir(), 'tokentrim-bench-'));
      run.trace = await TraceFolder.create(join(run.place, 'trace'), { encodeSheet });
      run.events = recordRun(run.events, run.trace, run.device, run.folder);
    }
    return run;
  }

  /** Goes on until the next block is there, with its pictures. */
  async next() {
    const start = performance.now();
    const before = process.cpuUsage();
    for (;;) {
      const { value, done } = await this.events.next();
      if (done) throw new Error('the video has no more blocks');
      if (value.kind === 'block' && value.decision?.triggered) this.triggered++;
      if (value.kind !== 'frames') continue;
      const { user, system } = process.cpuUsage(before);
      this.seconds.push((performance.now() - start) / 1e3);
      this.processorSeconds.push((user + system) / 1e6);
      this.peaks.push(this.device.memory.peakBytes);
      return;
    }
  }

  async close() {
    await this.events.return();
    await this.trace?.close('stopped');
    if (this.place) await rm(this.place, { recursive: true });
    this.device.close();
    await this.folder.close();
  }
}
