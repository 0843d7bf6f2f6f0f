import * as z from 'zod';
import { motionVariance, motionVarianceGradient } from '../../kernels/motion/motionVariance.js';
import { flowGradient } from '../../models/wan/flowGradient.js';
import { blockCall } from '../../models/wan/kvCache.js';
import { disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { ParityInput, ParityItem } from './input.js';
import { openCache, openTransformer, output, parseConfig, parseFields, uploadInput } from './model.js';

const schema = z.object({
  latent_hw: z.tuple([z.int(), z.int()]),
  sink_size: z.int().min(0),
  kv_cache_frames: z.int().positive(),
  frames_per_block: z.int().positive(),
});
const callsSchema = z.object({
  calls: z.array(z.object({ call: z.int().min(0), block: z.int().min(0), timestep: z.number() })).min(1),
});

/**
 * Parity kind `dit-input-gradient`: calls of the causal DiT one by one, each with the gradients of two numbers with respect to
 * its latents: the flow's sum with given weights, and the largest of FlowMo's measure of it. Gradients are compared relative
 * to their largest entry.
 */
export async function* ditInputGradient(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs } = input;
  const settings = parseConfig(schema, input);
  const { calls } = parseFields(callsSchema, input);
  const { model, context } = await openTransformer(input);
  const cache = openCache(model, settings.latent_hw, { capacity: settings.kv_cache_frames, sink: settings.sink_size });
  for (const { call, block, timestep } of calls) {
    const name = `call${String(call).padStart(2, '0')}`;
    const latents = await uploadInput(device, inputs, `${name}.x`);
    const cotangent = await uploadInput(device, inputs, `${name}.cotangent`);
    const [frames] = latents.shape;
    const firstFrame = block * settings.frames_per_block;
    cache.reserve(firstFrame, frames);
    const gradientOf = (cotangentOf: (flow: Tensor) => Tensor) =>
      device.scope(() => {
        const cacheCall = blockCall(cache, firstFrame, frames);
        return flowGradient(model, latents, Array(frames).fill(timestep), firstFrame, context, cacheCall, cotangentOf);
      });

    const weighted = gradientOf(() => cotangent);
    yield output(`${name}.flow`, weighted.value);
    yield { ...(await output(`${name}.grad_x`, weighted.gradient)), isRelative: true };
    const variance = motionVariance(weighted.value); // [height, width]
    yield { name: `${name}.motion_variance`, actual: await device.read(variance), shape: variance.shape };
    const moving = gradientOf((flow) => motionVarianceGradient(flow, variance));
    yield { ...(await output(`${name}.grad_motion_variance`, moving.gradient)), isRelative: true };
    disposeAll([latents, cotangent, weighted, variance, moving]);
  }
  cache.dispose();
  disposeAll([context, model.weights]);
}
