// One call of the whole DiT of Wan2.1-1.3B with random weights, the text's keys and values made before, as a run has them.
import { random, randomSource } from '../../support/random.mjs';
import { fromDist } from '../dist.mjs';

/** @param work { grid: [height, width] in tokens, layers: fewer than the model has, for a try } */
export async function forwardForm(device, { grid, layers }) {
  const [{ prepareContext }, { blockCall, KvCache }, { predictFlow }, { loadTransformer }, { disposeAll }] =
    await Promise.all(
      ['crossAttention', 'kvCache', 'transformer', 'weights']
        .map((name) => `models/wan/${name}.js`)
        .concat('tensor/scope.js')
        .map(fromDist),
    );
  const { transformerTensors } = await fromDist('models/wan/checkpoint/expectedTensors.js');
  const { modelLike } = await fromDist('synthesize/models.js');

  const { transformer: config } = await modelLike('wan2.1-1.3b', layers);
  const types = { weights: 'bf16', keys: 'f16' };
  const model = await loadTransformer(device, randomSource(transformerTensors(config)), config, types);
  const prompt = random(device, [config.text_len, config.text_dim]);
  const context = prepareContext(model, prompt);
  const [height, width] = grid;
  const cache = new KvCache(device, {
    layers: config.num_layers,
    dim: config.dim,
    tokensPerFrame: height * width,
    capacity: 1,
    sink: 0,
    heads: model.config.num_heads,
    dtype: model.keyType,
  });
  cache.reserve(0, 1);
  const [, patchHeight, patchWidth] = config.patch_size;
  const latents = random(device, [1, config.in_dim, height * patchHeight, width * patchWidth]);
  let result;
  return {
    name: `${types.weights} weights, ${types.keys} keys`,
    run() {
      result?.dispose();
      result = predictFlow(model, latents, [500], 0, context, blockCall(cache, 0, 1));
    },
    wait: () => device.synchronize(),
    read: () => device.read(result),
    dispose() {
      cache.dispose();
      disposeAll([context, model.weights, prompt, latents, result]);
    },
  };
}
