import * as z from 'zod';
import { ensure } from '../../errors.js';
import { transformerSchema } from '../../models/wan/config.js';
import { prepareContext } from '../../models/wan/crossAttention.js';
import { everyPart } from '../../models/wan/tap.js';
import { embedTime, sinusoid } from '../../models/wan/timeEmbedding.js';
import { predictVideoFlow, tokenGrid } from '../../models/wan/transformer.js';
import { loadTransformer } from '../../models/wan/transformerWeights.js';
import { disposeAll } from '../../tensor/scope.js';
import { runPadding } from './ditPadding.js';
import type { ParityInput, ParityItem } from './input.js';
import { output, parseConfig } from './model.js';
import { PartRecorder } from './partRecorder.js';
import { swapAxes, uploadPrompt, uploadVideo, videoOutput } from './wanLayout.js';

const schema = z.object({
  runs: z.array(z.object({ t: z.number(), seq_len: z.int().positive() })).min(1),
});

/** Parity kind `dit-bidirectional`: calls of the bidirectional DiT, part by part. */
export async function* ditBidirectional(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs } = input;
  const { runs } = parseConfig(schema, input);
  const config = parseConfig(transformerSchema, input);
  const model = await loadTransformer(device, input.weights, config, input.types);
  const latents = await uploadVideo(device, inputs, 'x');
  const [frames, , height, width] = latents.shape;
  const { gridHeight, gridWidth, tokensPerFrame } = tokenGrid(config, { height, width });
  const tokens = frames * tokensPerFrame;

  for (const [index, { t: timestep, seq_len: length }] of runs.entries()) {
    const name = `run${index}`;
    ensure(length >= tokens, `config.runs.${index}.seq_len is ${length}, x alone has ${tokens} tokens`);
    yield { name: `${name}.time_sinusoid`, actual: sinusoid(timestep, config.freq_dim), shape: [1, config.freq_dim] };
    const time = device.scope(() => embedTime(model, [timestep]));
    yield output(`${name}.time_embedding`, time.embedding.reshape(config.dim));
    yield output(`${name}.time_projection`, time.projection.reshape(6 * config.dim));

    const parts = new PartRecorder(device);
    const prompt = await uploadPrompt(device, inputs, `${name}.context`, config.text_len);
    const context = prepareContext(model, prompt, parts.tap);
    const flow = predictVideoFlow(model, latents, timestep, context, everyPart(parts.tap));
    if (length > tokens) runPadding(model, { latents, timestep, context, padding: length - tokens }, parts.tap);

    for (const { name: part, row, values } of await parts.parts()) {
      const [columns] = row;
      const rows = values.length / columns;
      yield part === 'patch_embedding'
        ? {
            name: `${name}.${part}`,
            actual: swapAxes(values, rows, columns, 1),
            shape: [1, columns, frames, gridHeight, gridWidth],
          }
        : { name: `${name}.${part}`, actual: values, shape: [1, rows, columns] };
    }
    yield videoOutput(`${name}.flow`, flow);
    disposeAll([time, prompt, context, flow]);
  }
  disposeAll([latents, model.weights]);
}
