import { join } from 'node:path';
import type * as z from 'zod';
import { TokenTrimError } from '../../errors.js';
import { transformerSchema } from '../../models/wan/config.js';
import { prepareContext, type TextContext } from '../../models/wan/crossAttention.js';
import { KvCache } from '../../models/wan/kvCache.js';
import { tokenGrid } from '../../models/wan/transformer.js';
import { loadTransformer, type Transformer } from '../../models/wan/transformerWeights.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { toFloat32 } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ParityInput, ParityOutput } from './input.js';

/** Throws a readable error where a case's config lacks what its kind needs. */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, input: ParityInput): z.infer<Schema> {
  return parse(schema, input.folder, input.config, 'config.');
}

/** The same of fields of `case.json` beside its config. */
export function parseFields<Schema extends z.ZodType>(schema: Schema, input: ParityInput): z.infer<Schema> {
  return parse(schema, input.folder, input.case, '');
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  folder: string,
  values: Record<string, unknown>,
  prefix: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${prefix}${path.join('.')}: ${message}`);
  throw new TokenTrimError(`${join(folder, 'case.json')}: ${problems.slice(0, 3).join('; ')}`);
}

/** A tensor of a case's file, on the device, without the leading batch axis of 1 unless it has none. */
export async function uploadInput(device: Device, source: TensorSource, name: string): Promise<Tensor> {
  const { dtype, shape } = source.info(name);
  const values = toFloat32(await source.read(name), dtype);
  return device.upload(values, shape[0] === 1 && shape.length > 1 ? shape.slice(1) : shape);
}

/** The case's DiT and its prompt, embedded. */
export async function openTransformer(input: ParityInput): Promise<{ model: Transformer; context: TextContext }> {
  const config = parseConfig(transformerSchema, input);
  const model = await loadTransformer(input.device, input.weights, config, input.types);
  const prompt = await uploadInput(input.device, input.inputs, 'prompt_embeds');
  return { model, context: prepareContext(model, prompt) };
}

/** An empty cache for the case's DiT. */
export function openCache(
  { device, config, keyType }: Transformer,
  [height, width]: readonly [number, number],
  { capacity, sink }: { readonly capacity: number; readonly sink: number },
): KvCache {
  const { num_layers: layers, num_heads: heads, dim } = config;
  const { tokensPerFrame } = tokenGrid(config, { height, width });
  return new KvCache(device, { layers, dim, heads, tokensPerFrame, capacity, sink, dtype: keyType });
}

/** A tensor as an output with the leading batch axis that the official dumps have. */
export async function output(name: string, tensor: Tensor): Promise<ParityOutput> {
  return { name, actual: await tensor.device.read(tensor), shape: [1, ...tensor.shape] };
}

/**
 * Every cached row of a layer, frame by frame, pruned rows left out.
 * @param padTo rows of zeros are appended up to this many, as a preallocated cache has them
 */
export async function* cacheOutputs(
  cache: KvCache,
  names: (part: 'k' | 'v', layer: number) => string,
  heads: number,
  padTo = 0,
): AsyncGenerator<ParityOutput> {
  const { device, options } = cache;
  const rows = Uint32Array.from(cache.rows(() => true));
  for (let layer = 0; layer < options.layers; layer++) {
    for (const part of ['k', 'v'] as const) {
      const table = part === 'k' ? 'keys' : 'values';
      const filled = device.scope(() => cache.gather(layer, table, device.upload(rows, [rows.length]), 'f32'));
      const count = Math.max(padTo, rows.length);
      const values = new Float64Array(count * options.dim);
      values.set(await device.read(filled));
      filled.dispose();
      yield { name: names(part, layer), actual: values, shape: [1, count, heads, options.dim / heads] };
    }
  }
}
