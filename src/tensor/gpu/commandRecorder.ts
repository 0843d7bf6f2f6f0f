import type { Kernel } from './kernelCache.js';
import { gridOf } from './launchPieces.js';
import type { Pace } from './pace.js';
import type { Profiler } from './profile.js';
import { Submission } from './submission.js';
import { SubmissionTimes } from './submissionTimes.js';

/** Fewer launches than these are not worth a submit of their own: they go with those that follow. */
const LEAST_LAUNCHES = 64;

/** A call of so many launches is handed over in parts, so that the adapter begins while the host still records. */
const MOST_LAUNCHES = 2048;

/**
 * Whether it is time to hand over what was recorded. A model's call is one outermost scope and becomes one submission when
 * the scope ends; outside of scopes every few launches are one. (The 30 layers of Wan2.1-1.3B are some 1000 launches a call.)
 */
export function isSubmitDue(launches: number, isInScope: boolean): boolean {
  return launches >= (isInScope ? MOST_LAUNCHES : LEAST_LAUNCHES);
}

/**
 * Commands that wait to be handed to the adapter. Launches share a compute pass until something else comes between, and a
 * submission until they would keep the adapter for so long that a driver ends them.
 */
export class CommandRecorder {
  /** Launches recorded since the last `submit`, which whoever records them counts: one may be many dispatches. */
  launches = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined; // of the pass
  #maxWorkgroups: number;
  #submission: Submission;
  #times: SubmissionTimes;

  constructor(
    private readonly device: GPUDevice,
    private readonly pace: Pace,
    private readonly profiler: Profiler | undefined,
  ) {
    this.#times = new SubmissionTimes(device.queue, pace);
    this.#submission = new Submission(pace);
    this.#maxWorkgroups = device.limits.maxComputeWorkgroupsPerDimension;
  }

  /** @param operations of this dispatch, as `operationsOf` counts them */
  dispatch(
    name: string,
    { pipeline }: Kernel,
    group: GPUBindGroup,
    { workgroups, operations }: { workgroups: number; operations: number },
  ): void {
    if (this.#submission.isFullFor(name, operations)) this.#handOver();
    this.#submission.add(name, operations);
    if (this.profiler && this.profiler.kernel !== name) this.#endPass();
    this.#pass ??= this.#commands().beginComputePass(
      this.profiler ? { timestampWrites: this.profiler.stamp(name) } : undefined,
    );
    this.profiler?.count();
    if (this.#pipeline !== pipeline) this.#pass.setPipeline(pipeline);
    this.#pipeline = pipeline;
    this.#pass.setBindGroup(0, group);
    const [columns, rows] = gridOf(workgroups, this.#maxWorkgroups);
    this.#pass.dispatchWorkgroups(columns, rows);
  }

  clear(buffer: GPUBuffer, bytes: number): void {
    this.#endPass();
    this.#commands().clearBuffer(buffer, 0, bytes);
  }

  copy(source: GPUBuffer, fromByte: number, target: GPUBuffer, toByte: number, bytes: number): void {
    this.#endPass();
    this.#commands().copyBufferToBuffer(source, fromByte, target, toByte, bytes);
  }

  /** Hands over what was recorded, if anything. */
  submit(): void {
    this.launches = 0;
    this.#handOver();
  }

  /** Whether the adapter has a long way to go through what was handed over. */
  get isFarAhead(): boolean {
    return this.#times.isFarAhead;
  }

  /** Waits until it is through. */
  catchUp(): Promise<void> {
    return this.#times.catchUp();
  }

  #handOver(): void {
    this.#endPass();
    if (!this.#encoder) return;
    const collect = this.profiler?.resolve(this.#encoder);
    this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    collect?.();
    this.#times.submitted(this.#submission.work);
    this.#submission = new Submission(this.pace);
  }

  /** Forgets what was recorded: the device is going. */
  discard(): void {
    this.#encoder = this.#pass = this.#pipeline = undefined;
  }

  #commands(): GPUCommandEncoder {
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = this.#pipeline = undefined;
  }
}
