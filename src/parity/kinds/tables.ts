import * as z from 'zod';
import { weightedSum } from '../../kernels/elementwise/weightedSum.js';
import { sliceFrames } from '../../kernels/layout/frames.js';
import { type RopeTable, rope } from '../../kernels/rope/rope.js';
import { ropeAngles, ropePairs, ropeTable } from '../../models/wan/rope.js';
import {
  addNoise,
  createSchedule,
  timestepIndex,
  trainingWeights,
  warpSteps,
  x0FromFlow,
} from '../../pipelines/flowMatching.js';
import { createSolver } from '../../pipelines/solvers/createSolver.js';
import type { Solver } from '../../pipelines/solvers/solver.js';
import { disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { ParityInput, ParityItem } from './input.js';
import { parseConfig, uploadInput } from './model.js';

const ropeSchema = z.object({
  specs: z.array(
    z.object({
      head_dim: z.int().positive(),
      heads: z.int().positive(),
      grid_fhw: z.tuple([z.int(), z.int(), z.int()]),
      start_frames: z.array(z.int().min(0)),
      padding_tokens: z.int().min(0),
      max_positions: z.int().positive(),
    }),
  ),
});

/** RoPE tables and rotations; tokens past the grid are padding, which is not rotated. */
export async function* ropeTables(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs, outputNames } = input;
  for (const spec of parseConfig(ropeSchema, input).specs) {
    const { head_dim: headDim, heads, padding_tokens: padding } = spec;
    const [frames, gridHeight, gridWidth] = spec.grid_fhw;
    const pairs = ropePairs(headDim);
    const positions = Array.from({ length: spec.max_positions }, (_, position) => position);
    const angles = positions.flatMap((position) =>
      [pairs.temporal, pairs.height, pairs.width].flatMap((count) => ropeAngles(position, count)),
    );
    const tableShape = [spec.max_positions, headDim / 2];
    yield { name: `hd${headDim}.freqs_cos`, actual: angles.map(Math.cos), shape: tableShape };
    yield { name: `hd${headDim}.freqs_sin`, actual: angles.map(Math.sin), shape: tableShape };

    const name = `hd${headDim}.f${frames}h${gridHeight}w${gridWidth}`;
    const x = (await uploadInput(device, inputs, `${name}.x`)).reshape(
      frames * gridHeight * gridWidth + padding,
      heads * headDim,
    );
    const rotated = async (startFrame: number) => {
      const turned = device.scope(() => {
        const table: RopeTable = ropeTable(device, { startFrame, frames, gridHeight, gridWidth, headDim });
        const result = sliceFrames(x, 0, x.shape[0]);
        const tokens = frames * gridHeight * gridWidth;
        device.updateRows(result, 0, rope(sliceFrames(x, 0, tokens), table, heads), 0, tokens);
        return result;
      });
      return { actual: await device.read(turned), shape: [1, x.shape[0], heads, headDim] };
    };
    if (outputNames.includes(`${name}.rope_apply`)) yield { name: `${name}.rope_apply`, ...(await rotated(0)) };
    for (const start of spec.start_frames) yield { name: `${name}.causal_start${start}`, ...(await rotated(start)) };
  }
}

const schedulerSchema = z.object({
  flowmatch: z.array(z.object({ shift: z.number(), lists: z.array(z.array(z.number())) })),
  solvers: z
    .array(
      z.object({
        kind: z.enum(['unipc', 'dpmpp']),
        shift: z.number(),
        steps: z.int(),
        solver_order: z.literal(2).default(2),
      }),
    )
    .default([]),
});

/** The rollouts' flow-matching schedule, and the bidirectional model's solvers on a flow that is a formula. */
export async function* schedulers(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs } = input;
  const x0 = await uploadInput(device, inputs, 'flowmatch.x0');
  const noise = await uploadInput(device, inputs, 'flowmatch.noise');
  const flow = await uploadInput(device, inputs, 'flowmatch.flow');
  const timesteps = [...toFloat64Numbers(await inputs.read('flowmatch.t'), inputs.info('flowmatch.t').dtype)];
  const { flowmatch, solvers } = parseConfig(schedulerSchema, input);
  for (const { shift, lists } of flowmatch) {
    const name = `flowmatch.shift${shift}`;
    const schedule = createSchedule(shift);
    const table = [schedule.sigmas.length];
    yield { name: `${name}.sigmas`, actual: schedule.sigmas, shape: table };
    yield { name: `${name}.timesteps`, actual: schedule.timesteps, shape: table };
    yield { name: `${name}.training_weights`, actual: trainingWeights(schedule), shape: table };
    const indices = timesteps.map((timestep) => timestepIndex(schedule, timestep));
    yield { name: `${name}.timestep_index`, actual: indices, shape: [indices.length] };
    for (const list of lists) {
      yield { name: `${name}.warped_${list.join('_')}`, actual: warpSteps(schedule, list), shape: [list.length] };
    }
    const noised = timesteps.map((timestep, index) =>
      device.scope(() => addNoise(schedule, sliceFrames(x0, index, 1), sliceFrames(noise, index, 1), timestep)),
    );
    const values = await Promise.all(noised.map((frame) => device.read(frame)));
    yield { name: `${name}.add_noise`, actual: values.flatMap((part) => Array.from(part)), shape: x0.shape };
    const predicted = device.scope(() => x0FromFlow(schedule, x0, flow, timesteps));
    yield { name: `${name}.x0_from_flow`, actual: await device.read(predicted), shape: x0.shape };
    disposeAll([noised, predicted]);
  }
  disposeAll([x0, noise, flow]);
  for (const { kind, shift, steps } of solvers) {
    const sample = await uploadInput(device, inputs, 'solver.x');
    yield* solverTrajectory(`${kind}.shift${shift}.steps${steps}`, createSolver(SOLVER_OF[kind], steps, shift), sample);
    sample.dispose();
  }
}

const SOLVER_OF = { unipc: 'unipc', dpmpp: 'dpm++' } as const;

/** A solver from `start` to its end along the flow 0.3 x + 0.1 sin(t / 100). */
async function* solverTrajectory(name: string, solver: Solver, start: Tensor): AsyncGenerator<ParityItem> {
  const { device } = start;
  const { timesteps, sigmas } = solver;
  yield { name: `${name}.timesteps`, actual: timesteps, shape: [timesteps.length] };
  yield { name: `${name}.sigmas`, actual: sigmas, shape: [sigmas.length] };
  const ones = device.upload(new Float32Array(start.size).fill(1), start.shape);
  const flows: ArrayLike<number>[] = [];
  const samples = [await device.read(start)];
  let sample = start;
  for (const [index, timestep] of timesteps.entries()) {
    const flow = weightedSum([
      [0.3, sample],
      [0.1 * Math.sin(timestep / 100), ones],
    ]);
    flows.push(await device.read(flow));
    const { next } = solver.step(index, sample, flow);
    samples.push(await device.read(next));
    flow.dispose();
    if (sample !== start) sample.dispose();
    sample = next;
  }
  disposeAll([sample, ones]);
  solver.dispose();
  const joined = (parts: ArrayLike<number>[]) => parts.flatMap((part) => Array.from(part));
  yield { name: `${name}.model_output`, actual: joined(flows), shape: [flows.length, 1, ...start.shape] };
  yield { name: `${name}.trajectory`, actual: joined(samples), shape: [samples.length, 1, ...start.shape] };
}
