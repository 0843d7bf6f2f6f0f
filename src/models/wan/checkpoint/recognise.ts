import { quoteSome } from '../../../weights/quote.js';
import { hasScales } from '../../../weights/widenFloat8.js';
import type { RawConfig } from '../config.js';
import { describeOther } from './detection.js';
import type { Part } from './names.js';
import { hasFloat8, type OpenedWeights } from './openedWeights.js';
import { findStructure, type Structure } from './structure.js';

/** File names that tell who published a file; the contents are the same but for dtype and naming. */
const PUBLISHERS: readonly [name: RegExp, publisher: string][] = [
  [/^self_forcing_/i, "Self Forcing's"],
  [/^rolling_forcing_/i, "Rolling Forcing's"],
  [/^ode_init/i, "Self Forcing's ODE initialisation,"],
  [/^(?:Wan2\.1_VAE\.pth|models_t5_umt5-xxl-enc-bf16\.pth)$/, 'the official'],
  [/^(?:wan2\.1_t2v|wan_2\.1_vae|umt5_xxl_)/, "ComfyUI's repackaged"],
  [/^(?:Wan2_1|umt5-xxl-enc-)/, "Kijai's"],
  [/^taew2_1/, "madebyollin's"],
];

/**
 * One line that says what a set of weights is: `Self Forcing's training checkpoint: Wan2.1-T2V-1.3B, sections
 * generator, generator_ema (generator_ema is used)`. The contents decide; the file's name only tells the publisher.
 *
 * @param config the part's configuration as far as it is known
 */
export function recognise(weights: OpenedWeights, config: RawConfig = {}): string {
  const { whole, detection, tensors, sections, section } = weights;
  const fileName = whole.label.slice(Math.max(whole.label.lastIndexOf('/'), whole.label.lastIndexOf('\\')) + 1);
  const publisher = PUBLISHERS.find(([name]) => name.test(fileName))?.[1];
  const isDiffusers = detection.naming === 'hf' && !publisher;
  const source = publisher ?? (isDiffusers ? (detection.part === 'text-encoder' ? "transformers'" : "diffusers'") : '');
  const structure = findStructure(tensors.names());
  const what =
    detection.part === 'unknown'
      ? (describeOther(tensors.names()) ?? 'tensors that belong to no part of Wan2.1')
      : describePart(detection.part, config);
  const subject = sections.length > 0 ? `training checkpoint: ${what}` : what;
  const used = section && sections.length > 1 ? ` (${section} is used)` : '';
  return [
    `${source} ${subject}`.trim(),
    sections.length > 0 && `section${sections.length > 1 ? 's' : ''} ${sections.join(', ')}${used}`,
    besideIt(structure),
    isDecoderOnly(structure) && 'decoder only',
    hasFloat8(tensors) && (hasScales(tensors) ? '8-bit floats with scales' : '8-bit floats'),
    tensors.has('spiece_model') && "with the tokenizer's SentencePiece model",
  ]
    .filter(Boolean)
    .join(', ');
}

function describePart(part: Part, config: RawConfig): string {
  if (part === 'tiny-vae') return describeTinyVae(config);
  const { dim, num_layers, z_dim, vocab } = config;
  const like = dim === undefined ? '' : `, ${dim} wide${num_layers ? `, ${num_layers} layers` : ''}`;
  if (part === 'transformer') {
    if (dim === 1536 && num_layers === 30) return 'Wan2.1-T2V-1.3B';
    if (dim === 5120 && num_layers === 40) return 'Wan2.1-T2V-14B';
    return `Wan2.1 transformer${like}`;
  }
  if (part === 'vae') return dim === 96 && z_dim === 16 ? 'Wan2.1 VAE' : `Wan2.1 VAE${like}`;
  return dim === 4096 && num_layers === 24 && vocab === 256384 ? 'umT5-xxl encoder' : `umT5 encoder${like}`;
}

/** Of its publisher's others, those of Hunyuan's latents are told by their file's name only. */
function describeTinyVae({ decoder_widths: widths, latent_channels: channels, patch_size: patch }: RawConfig): string {
  if (!Array.isArray(widths)) return 'tiny VAE (TAEHV)';
  const patches = patch === 1 ? '' : `, patches of ${patch}x${patch}`;
  return `tiny VAE (TAEHV), ${widths.join(', ')} wide, ${channels} latent channels${patches}`;
}

/** Of a file with several models, which names are used and which are not. */
function besideIt(structure: Structure | undefined): string | undefined {
  if (!structure || structure.beside.length === 0) return undefined;
  return `taken from ${quoteSome(structure.wrappers.slice(0, 1))} in a file that also has ${quoteSome(structure.beside, 4)}`;
}

function isDecoderOnly(structure: Structure | undefined): boolean {
  const isVae = structure?.part === 'vae' || structure?.part === 'tiny-vae';
  return isVae && ![...structure.names.values()].some((name) => name.startsWith('encoder.'));
}
