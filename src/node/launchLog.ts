import type { GenerateEvent } from '../pipelines/stages.js';
import type { Device, KernelTime } from '../tensor/device.js';
import { formatLaunch, watchLaunches } from '../tensor/watchLaunches.js';

/** Whether the person asks for a line a launch, by `TOKENTRIM_DEBUG`. */
export function isLaunchLogAsked({ TOKENTRIM_DEBUG: asked = '' }: NodeJS.ProcessEnv = process.env): boolean {
  return !/^(|0|false|no|n)$/i.test(asked);
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Logs of the devices that have one. */
const logs = new WeakMap<Device, LaunchLog>();

/**
 * A line a launch: the kernel, shapes and types, and how long it took; stages of a run stand before their launches, and what
 * a denoising call or a block came to after them. An adapter runs launches later, many at once: there the lines have no
 * times, and the kernels' own follow each call, where the adapter has timestamps and the device was opened with `profile`.
 */
export class LaunchLog {
  #indent = '';
  #launches = 0; // since the latest event
  #from = performance.now();
  #kernels = new Map<string, KernelTime>();

  private constructor(
    private readonly device: Device,
    private readonly write: (line: string) => void,
  ) {
    watchLaunches(device, (call, output, milliseconds) => {
      if (call.kernel === 'firstNotFinite') return; // of `checkNumerics`
      this.#launches++;
      const time = device.kind === 'gpu' ? '' : `  ${milliseconds.toFixed(2)} ms`;
      write(`${this.#indent}${call.kernel}  ${formatLaunch(call, output)}${time}`);
    });
  }

  /** @param write takes a line; standard error by default */
  static begin(device: Device, write: (line: string) => void = toStandardError): void {
    logs.set(device, new LaunchLog(device, write));
  }

  /** The events of a run on a device, told to its log on the way where it has one. */
  static async *follow(device: Device, events: AsyncIterable<GenerateEvent>): AsyncGenerator<GenerateEvent> {
    const log = logs.get(device);
    for await (const event of events) {
      if (log) await log.#see(event);
      yield event;
    }
  }

  async #see(event: GenerateEvent): Promise<void> {
    if (event.kind === 'step') await this.#sum(`block ${event.block}, attempt ${event.attempt}, step ${event.step}`);
    if (event.kind === 'block') await this.#sum(`block ${event.block} is done`);
    if (event.kind === 'frames') await this.#sum(`${event.frames.length} pictures of block ${event.block}`);
    if (event.kind !== 'stage') return;
    if (this.#launches > 0) await this.#sum('in all');
    this.write(event.stage);
    this.#indent = '  ';
  }

  /** What was launched since the event before. */
  async #sum(what: string): Promise<void> {
    const times = await this.#kernelTimes();
    const milliseconds = performance.now() - this.#from;
    const shares = times.map(({ kernel, calls, milliseconds: each }) => `${kernel} ${calls}x ${each.toFixed(2)} ms`);
    const kernels = shares.length === 0 ? '' : `: ${shares.join(', ')}`;
    this.write(`${this.#indent}= ${what}: ${this.#launches} launches, ${milliseconds.toFixed(0)} ms${kernels}`);
    this.#launches = 0;
    this.#from = performance.now();
  }

  /** The kernels' own times since this was last asked. */
  async #kernelTimes(): Promise<KernelTime[]> {
    const times = await this.device.kernelTimes();
    const fresh = times.map(({ kernel, calls, milliseconds }) => {
      const before = this.#kernels.get(kernel) ?? { calls: 0, milliseconds: 0 };
      return { kernel, calls: calls - before.calls, milliseconds: milliseconds - before.milliseconds };
    });
    for (const time of times) this.#kernels.set(time.kernel, time);
    return fresh.filter(({ calls }) => calls > 0);
  }
}
