import { ensure } from '../../errors.js';
import { type DecoderName, hasFullVae, type Model } from '../../models/wan/model.js';

/**
 * What makes a run's pictures: what was asked for, else the model's usual decoder, else its own VAE where it is there.
 * @throws TokenTrimError where the model has not what was asked for
 */
export function chooseDecoder(model: Pick<Model, 'vae' | 'tinyVae' | 'decoder'>, asked?: DecoderName): DecoderName {
  const decoder = asked ?? model.decoder ?? (hasFullVae(model) ? 'full' : 'tiny');
  ensure(
    decoder === 'full' || model.tinyVae !== undefined,
    'there is no tiny VAE for `decoder` tiny: give one as `vae`, such as taew2_1.safetensors of madebyollin/taehv',
  );
  ensure(
    decoder === 'tiny' || hasFullVae(model),
    "there is only a tiny VAE, and `decoder` full needs the model's own: give its file as `vae`, or use `decoder` tiny",
  );
  return decoder;
}

/** What encodes given pictures: the model's own VAE where it is there, whatever decodes. */
export function encoderOf(model: Pick<Model, 'vae'>): DecoderName {
  return hasFullVae(model) ? 'full' : 'tiny';
}
