import * as z from 'zod';
import { cast } from '../../kernels/elementwise/cast.js';
import { blockCall } from '../../models/wan/kvCache.js';
import { predictFlow } from '../../models/wan/transformer.js';
import { disposeAll } from '../../tensor/scope.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { ParityInput, ParityItem } from './input.js';
import { cacheOutputs, openCache, openTransformer, output, parseConfig, uploadInput } from './model.js';

const schema = z.object({
  sink_size: z.int().min(0),
  latent_hw: z.tuple([z.int(), z.int()]),
  frames_per_block: z.int().positive(),
  cache_frames: z.int().positive(),
  cache_tokens: z.int().positive(),
  calls: z.array(z.object({ call: z.int(), current_start_frame: z.int().min(0) })),
});

/** Calls of the causal DiT one by one, with the whole KV cache after each. */
export async function* ditCausalKv(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs } = input;
  const settings = parseConfig(schema, input);
  const { model, context } = await openTransformer(input);
  const { num_heads: heads, dim } = model.config;
  const cache = openCache(model, settings.latent_hw, { capacity: settings.cache_frames, sink: settings.sink_size });

  for (const [layer, { keys, values }] of context.layers.entries()) {
    const split = [keys.shape[0], heads, dim / heads];
    yield output(`cross_k.layer${layer}`, cast(keys, 'f32').reshape(...split));
    yield output(`cross_v.layer${layer}`, cast(values, 'f32').reshape(...split));
  }
  for (const { call, current_start_frame: startFrame } of settings.calls) {
    const name = `call${String(call).padStart(2, '0')}`;
    const latents = await uploadInput(device, inputs, `${name}.x`);
    const timesteps = [...toFloat64Numbers(await inputs.read(`${name}.t`), inputs.info(`${name}.t`).dtype)];
    cache.reserve(startFrame, latents.shape[0]);
    const flow = device.scope(() =>
      predictFlow(model, latents, timesteps, startFrame, context, blockCall(cache, startFrame, latents.shape[0])),
    );
    yield output(`${name}.flow`, flow);
    const cacheName = (part: string, layer: number) => `${name}.cache_${part}.layer${layer}`;
    yield* cacheOutputs(cache, cacheName, heads, settings.cache_tokens);
    flow.dispose();
    latents.dispose();
  }
  cache.dispose();
  disposeAll([context, model.weights]);
}
