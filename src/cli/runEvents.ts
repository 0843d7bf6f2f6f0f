import type { GenerateEvent } from '../pipelines/stages.js';
import type { KernelLog } from '../tensor/kernelLog.js';
import { emit, emitsEvents } from './output.js';
import type { BlockRow } from './reportSchema.js';

/** How far a run has come. */
export interface RunPosition {
  /** Denoising calls made, of those of a run in which nothing triggers. */
  readonly calls: number;
  readonly total: number;
  /** Pictures written, of those of the whole video. */
  readonly frames: number;
  readonly allFrames: number;
  readonly block: BlockRow | undefined;
  /** Device memory that is held. */
  readonly gpuBytes: number;
}

/** Tells a program that watches what a rollout just did. */
export function emitRunEvent(event: GenerateEvent, position: RunPosition): void {
  const { calls, total, frames, allFrames, block, gpuBytes } = position;
  if (event.kind === 'stage') emit('stage', { stage: event.stage });
  if (event.kind === 'step') emit('step', { block: event.block, attempt: event.attempt, done: calls, total });
  if (event.kind === 'block' && event.decision && block) emit('block', { decision: block, gpuBytes });
  if (event.kind === 'frames') emit('frames', { block: event.block, done: frames, total: allFrames });
}

/** Milliseconds between looks at what the driver compiles. */
const LOOK_MS = 100;

/** Tells when kernels run for the first time, which is when drivers compile them, until it is called off. */
export function emitCompiling(kernels: Pick<KernelLog, 'pending'>): () => void {
  if (!emitsEvents()) return () => undefined;
  let told = '';
  const look = () => {
    const { pending } = kernels;
    if (pending.join() === told) return;
    told = pending.join();
    emit('compile', { kernels: pending });
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}
