import type { RolloutEvent, RolloutOptions } from '../../src/pipelines/rollout.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from '../support/allclose.js';
import { runRollout, TINY_CONFIG, type TinyModel } from '../support/tinyModel.js';
import { ROLLOUT_TOLERANCE } from '../support/tolerance.js';
import { type PlainFrame, plainFlow, type Sees } from './plainDit.js';

/** Which call of a rollout it is; `block` counts from the start of the video, blocks that were given included. */
export interface Call {
  readonly kind: 'step' | 'cache';
  readonly block: number;
  readonly frames: number;
  readonly attempt: number;
}

/** What the video begins with, and the timestep at which that is written. */
export interface Given {
  readonly latents: Float32Array;
  readonly timestep: number;
}

/**
 * Compares every call of a rollout with the whole sequence computed at once, without a cache: the finished blocks as they
 * were written and the call at hand.
 * @param masks what a finished block's call and this one saw
 */
export async function compareWithOracle(
  tiny: TinyModel,
  rollout: AsyncGenerator<RolloutEvent>,
  options: RolloutOptions,
  masks: (call: Call) => Sees,
  given: Given = { latents: new Float32Array(0), timestep: 0 },
): Promise<{ calls: number }> {
  const { latent, framesPerBlock } = options;
  const frameSize = TINY_CONFIG.in_dim * latent.height * latent.width;
  const givenFrames = given.latents.length / frameSize;
  const givenFrame = (frame: number) => [...given.latents.subarray(frame * frameSize, (frame + 1) * frameSize)];
  const writtenAt = (frame: number) => (frame < givenFrames ? given.timestep : options.contextNoise);
  const clean: PlainFrame[] = [];
  let calls = 0;
  let attempt = 0;
  let own: number[][] = []; // x0 of the block that a cache call writes
  await runRollout(rollout, async (event) => {
    if (event.kind === 'block') {
      for (const frame of await framesOf(event.latents)) {
        clean.push({ latent: frame, timestep: writtenAt(clean.length), position: clean.length });
      }
      return;
    }
    if (event.kind === 'review') return;
    const isGiven = event.block < 0;
    const first = isGiven ? clean.length : givenFrames + event.block * framesPerBlock;
    if (isGiven) own = Array.from({ length: framesPerBlock }, (_, frame) => givenFrame(first + frame));
    if (event.kind === 'step') {
      attempt = event.attempt;
      own = (await framesOf(event.x0)).slice(0, framesPerBlock);
    }
    const latents = event.kind === 'step' ? await framesOf(event.input) : own;
    const timesteps = event.kind === 'step' ? event.timesteps : own.map(() => writtenAt(first));
    const sequence = [
      ...clean.slice(0, first),
      ...latents.map((frame, index) => ({ latent: frame, timestep: timesteps[index], position: first + index })),
    ];
    const block = first / framesPerBlock;
    const sees = masks({ kind: event.kind, block, frames: latents.length, attempt });
    const expected = plainFlow(TINY_CONFIG, tiny.weights, tiny.prompt, sequence, latent, sees).slice(first);
    const actual = await event.flow.device.read(event.flow);
    expectAllClose(actual, expected.flat(), ROLLOUT_TOLERANCE, `${event.kind} of block ${event.block}`);
    calls++;
  });
  return { calls };
}

/** Its frames' values, [frames][channels * height * width]. */
async function framesOf(tensor: Tensor): Promise<number[][]> {
  const values = Array.from(await tensor.device.read(tensor));
  const size = values.length / tensor.shape[0];
  return Array.from({ length: tensor.shape[0] }, (_, frame) => values.slice(frame * size, (frame + 1) * size));
}
