import type { Model } from '../../models/wan/model.js';
import { digestSource, sha256 } from '../../weights/digestSource.js';
import type { PlannedModel } from './plan.js';

/** SHA-256 of what decides a part's results: its configuration, and its tensors in whatever file they lie. */
export async function modelDigests(model: Model): Promise<PlannedModel['digests']> {
  const { config, transformer, vae, textEncoder } = model;
  const withConfig = async (section: object, tensors: string) => sha256(JSON.stringify([section, tensors]));
  const [dit, coder, encoder, tokenizer] = await Promise.all([
    digestSource(transformer),
    digestSource(vae),
    digestSource(textEncoder),
    model.tokenizer().then(sha256),
  ]);
  return {
    transformer: await withConfig(config.transformer, dit),
    vae: await withConfig(config.vae, coder),
    textEncoder: await withConfig(config.text_encoder, encoder),
    tokenizer,
  };
}
