import { weightedSum } from '../kernels/elementwise/weightedSum.js';
import { sliceFrames } from '../kernels/layout/frames.js';
import type { StepEvent } from '../pipelines/rollout.js';
import { motionFile } from './fileNames.js';
import type { MotionEvent } from './format.js';
import type { TracedTensor } from './traceSink.js';

/** A `motion` event and the tensors that it names. */
interface ReadMotion {
  readonly file: string;
  readonly tensors: readonly TracedTensor[];
  readonly told: Omit<MotionEvent, 'at'>;
}

type Call = Pick<StepEvent, 'block' | 'attempt' | 'step' | 'input' | 'motion'>;
type Motion = NonNullable<StepEvent['motion']>;

/**
 * What FlowMo measured and moved at a call, block by block, read when the device comes to it. Nothing where it did nothing.
 * @param framesPerBlock of the call, whose blocks are numbered from its own
 */
export function readMotions(call: Call, framesPerBlock: number): Promise<ReadMotion>[] {
  const { motion } = call;
  if (!motion) return [];
  return motion.blocks.map((moved) => {
    const reading = readMotion(call, motion, moved, call.block + moved.from / framesPerBlock);
    reading.catch(() => undefined); // awaited where the event is written
    return reading;
  });
}

async function readMotion(
  { attempt, step, input }: Call,
  { given }: Motion,
  { from, count, before, after }: Motion['blocks'][number],
  block: number,
): Promise<ReadMotion> {
  const { device } = input;
  const moved = device.scope(() =>
    weightedSum([
      [1, sliceFrames(input, from, count)],
      [-1, sliceFrames(given, from, count)],
    ]),
  );
  // All are asked for at once, while they are valid.
  const reading = [moved, before, ...(after ? [after] : [])].map((tensor) => device.read(tensor));
  const [difference, first, second] = (await Promise.all(reading)).map((values) => Float32Array.from(values));
  moved.dispose();
  const sizes = difference.map(Math.abs);
  const file = motionFile(block, attempt, step);
  const ofBlock = from === 0 ? attempt : 0; // later blocks of a window are not the ones that are tried again
  const tensor = (name: string, values: Float32Array) => ({ name, shape: before.shape, dtype: 'f32' as const, values });
  return {
    file,
    tensors: [tensor('before', first), ...(second ? [tensor('after', second)] : [])],
    told: {
      ...{
        kind: 'motion',
        block,
        attempt: ofBlock,
        step,
        before: largest(first),
        after: second ? largest(second) : null,
      },
      change: { largest: largest(sizes), mean: sizes.reduce((sum, size) => sum + size, 0) / sizes.length },
      maps: { before: { file, name: 'before' }, after: second ? { file, name: 'after' } : null },
    },
  };
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, value), -Infinity);
